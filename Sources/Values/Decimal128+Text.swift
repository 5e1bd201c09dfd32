extension Decimal128 {
    /// Reads `12`, `-1.50`, `.5`, `6.02e23`: digits with a decimal point anywhere among them but at the end, and an exponent.
    /// More than 34 digits are rounded; nil if it is no number or too large.
    package init?(_ text: some StringProtocol) {
        guard case .number(let number) = Self.read(Array(text.utf8).span) else { return nil }
        self = number
    }

    /// For a number that was validated; what is too large becomes the largest of its sign.
    init(saturating bytes: Span<UInt8>) {
        switch Self.read(bytes) {
        case .number(let number): self = number
        case .tooLarge(let isNegative):
            self = isNegative ? Self.greatestFiniteMagnitude.negated : Self.greatestFiniteMagnitude
        case .malformed: self = .zero
        }
    }

    private enum Reading {
        case number(Decimal128)
        case tooLarge(isNegative: Bool)
        case malformed
    }

    private static func read(_ bytes: Span<UInt8>) -> Reading {
        var index = 0
        let isNegative = !bytes.isEmpty && bytes[0] == ASCII.minus
        if isNegative || (!bytes.isEmpty && bytes[0] == ASCII.plus) { index = 1 }
        var significand = Significand()
        while index < bytes.count, ASCII.isDigit(bytes[index]) {
            significand.append(bytes[index] - ASCII.zero)
            index += 1
        }
        if index < bytes.count, bytes[index] == ASCII.dot {
            index += 1
            guard index < bytes.count, ASCII.isDigit(bytes[index]) else { return .malformed }
            while index < bytes.count, ASCII.isDigit(bytes[index]) {
                significand.append(bytes[index] - ASCII.zero)
                significand.exponent -= 1
                index += 1
            }
        }
        guard index > 0, ASCII.isDigit(bytes[index - 1]) else { return .malformed }
        if index < bytes.count {
            guard let exponent = readExponent(bytes, from: index) else { return .malformed }
            significand.exponent += exponent
        }
        guard significand.coefficient > 0 else { return .number(.zero) }
        let number = Decimal128(
            isNegative: isNegative, magnitude: UInt256(significand.coefficient), exponent: significand.exponent,
            isInexact: significand.isInexact)
        return number.map(Reading.number) ?? .tooLarge(isNegative: isNegative)
    }

    /// The digits so far as `coefficient × 10^exponent`; keeps 37 of them, three more than a decimal does.
    private struct Significand {
        private(set) var coefficient: UInt128 = 0
        var exponent = 0
        private(set) var isInexact = false

        mutating func append(_ digit: UInt8) {
            if coefficient < .powerOfTen(36) {
                coefficient = coefficient &* 10 &+ UInt128(digit)
            } else {
                exponent += 1
                isInexact = isInexact || digit > 0
            }
        }
    }

    /// An `e`, a sign, and digits up to the end.
    private static func readExponent(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard bytes[start] | 0x20 == UInt8(ascii: "e") else { return nil }
        var index = start + 1
        var isNegative = false
        if index < bytes.count, bytes[index] == ASCII.minus || bytes[index] == ASCII.plus {
            isNegative = bytes[index] == ASCII.minus
            index += 1
        }
        guard index < bytes.count else { return nil }
        var exponent = 0
        while index < bytes.count {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            // Far beyond what any number of digits in memory could bring back into range.
            exponent = min(exponent * 10 + Int(bytes[index] - ASCII.zero), 1 << 48)
            index += 1
        }
        return isNegative ? -exponent : exponent
    }
}

extension Decimal128: CustomStringConvertible {
    /// Plain notation, as JSON writes numbers; with an exponent only from 10^40 on and below 10^-41.
    package var description: String {
        if exponent == 0, let int = Int64(exactly: coefficient) { return String(int) }
        let sign = isNegative ? "-" : ""
        let digits = String(coefficient.magnitude)
        let order = digits.count + Int(exponent)
        if !(-40...40).contains(order) {
            let trimmed = exponent > 0 ? String(digits.reversed().drop { $0 == "0" }.reversed()) : digits
            let fraction = trimmed.count > 1 ? "." + trimmed.dropFirst() : ""
            return "\(sign)\(trimmed.prefix(1))\(fraction)e\(order > 0 ? "+" : "")\(order - 1)"
        }
        if exponent >= 0 { return sign + digits + String(repeating: "0", count: Int(exponent)) }
        if order <= 0 { return "\(sign)0.\(String(repeating: "0", count: -order))\(digits)" }
        return "\(sign)\(digits.prefix(order)).\(digits.dropFirst(order))"
    }
}
