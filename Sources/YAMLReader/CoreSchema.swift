import Values

/// What an unquoted scalar means: the core schema of YAML 1.2, section 10.3.2.
enum CoreSchema {
    /// Nil for a number that JSON cannot hold.
    static func value(ofPlain text: String) -> Value? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let bytes = Array(text.utf8)
        if let number = prefixed(bytes) { return number }
        let unsigned =
            bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
        let special = [".inf", ".Inf", ".INF"].contains(String(decoding: unsigned, as: UTF8.self))
        if special || [".nan", ".NaN", ".NAN"].contains(text) { return nil }
        guard isNumber(unsigned) else { return .string(text) }
        let sign = bytes.first == UInt8(ascii: "-") ? "-" : ""
        let digits = String(decoding: unsigned, as: UTF8.self)
        // `.5` and `5.` are numbers here, though not in JSON.
        let leading = digits.hasPrefix(".") ? "0" : ""
        let whole = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let padded =
            whole.count == 2 && !(whole[1].utf8.first.map(isDigit) ?? false) ? "\(whole[0]).0\(whole[1])" : digits
        return Decimal128(sign + leading + padded).map(Value.number)
    }

    /// `0o17` and `0xFF`; not a number of this form: nil.
    private static func prefixed(_ bytes: [UInt8]) -> Value? {
        guard bytes.count > 2, bytes.count <= 18, bytes[0] == UInt8(ascii: "0") else { return nil }
        let digits = String(decoding: bytes[2...], as: UTF8.self)
        guard digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-") else { return nil }
        switch bytes[1] {
        case UInt8(ascii: "o"): return Int(digits, radix: 8).map { .number(Decimal128($0)) }
        case UInt8(ascii: "x"): return Int(digits, radix: 16).map { .number(Decimal128($0)) }
        default: return nil
        }
    }

    /// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        let whole = digits(&rest)
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = digits(&rest)
        }
        guard whole + fraction > 0 else { return false }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let count = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(count)
        return count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
