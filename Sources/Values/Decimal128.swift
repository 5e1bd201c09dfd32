/// A decimal number of up to 34 significant digits, as IEEE 754-2008's decimal128: `coefficient × 10^exponent`.
///
/// Each number has one representation (no `1.0` beside `1.00`, no negative zero), so equal numbers have equal hashes:
/// the exponent is the closest to zero that a coefficient of 34 digits allows. Results are rounded half to even; a
/// result too large is nil, one too small is zero. No infinities, no NaN.
package struct Decimal128: Sendable, Hashable {
    private let stored: StoredInt128
    /// -6176 to 6111.
    let exponent: Int32

    static let digits = 34
    static let exponents = -6176...6111
    static let coefficientLimit = UInt128.powerOfTen(34)

    package static let zero = Decimal128(0)
    package static let one = Decimal128(1)
    package static let greatestFiniteMagnitude = Decimal128(
        canonical: Int128(coefficientLimit - 1), exponent: exponents.upperBound)

    package init(_ int: Int) {
        self.init(canonical: Int128(int), exponent: 0)
    }

    /// For a coefficient and exponent that already are the one representation of their number.
    init(canonical coefficient: Int128, exponent: Int) {
        stored = StoredInt128(coefficient)
        self.exponent = Int32(truncatingIfNeeded: exponent)
    }

    /// The nearest number; nil if it is too large. `isInexact`: the exact value is a little more than `magnitude`, which
    /// must then have more than 34 digits, or at least one more than it keeps.
    init?(isNegative: Bool, magnitude: UInt256, exponent: Int, isInexact: Bool = false) {
        // Dropping digits: those beyond 34, and those below the smallest exponent.
        let excess = max(magnitude.digitCount - Self.digits, Self.exponents.lowerBound - exponent)
        var rounded = magnitude.low
        var exponent = exponent
        if excess > 0 {
            rounded = Rounding(magnitude, droppingDigits: excess, isInexact: isInexact).magnitude(
                .halfEven, isNegative: isNegative)
            exponent += excess
            if rounded == Self.coefficientLimit {
                rounded /= 10
                exponent += 1
            }
        }
        self.init(isNegative: isNegative, coefficient: rounded, exponent: exponent)
    }

    /// Finds the one representation of a coefficient below 10^34; nil if the number is too large.
    private init?(isNegative: Bool, coefficient: UInt128, exponent: Int) {
        var coefficient = coefficient
        var exponent = coefficient == 0 ? 0 : exponent
        if exponent > 0 {
            let shift = min(exponent, Self.digits - coefficient.digitCount)
            coefficient *= .powerOfTen(shift)
            exponent -= shift
        }
        // Takes trailing zeros away, at most 16 + … + 1 and the three that are missing to 34.
        for zeros in [16, 8, 4, 2, 1, 2, 1] where exponent <= -zeros {
            let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: .powerOfTen(zeros))
            guard remainder == 0 else { continue }
            coefficient = quotient
            exponent += zeros
        }
        guard exponent <= Self.exponents.upperBound else { return nil }
        self.init(canonical: isNegative ? -Int128(coefficient) : Int128(coefficient), exponent: exponent)
    }

    /// Below 10^34 in magnitude.
    var coefficient: Int128 { stored.value }

    package var isNegative: Bool { stored.isNegative }
    package var isZero: Bool { coefficient == 0 }
    /// Because of the one representation, a fraction is what has a negative exponent.
    package var isInteger: Bool { exponent >= 0 }
    package var negated: Decimal128 { Decimal128(canonical: -coefficient, exponent: Int(exponent)) }
    package var magnitude: Decimal128 { isNegative ? negated : self }

    /// The number, if it is whole and fits.
    package var intValue: Int? {
        exponent == 0 ? Int(exactly: coefficient) : nil
    }
}

extension Decimal128: Comparable {
    package static func < (left: Decimal128, right: Decimal128) -> Bool {
        if left.exponent == right.exponent { return left.coefficient < right.coefficient }
        if left.isNegative != right.isNegative { return left.isNegative }
        if left.isZero || right.isZero { return left.isZero ? !right.isNegative && !right.isZero : left.isNegative }
        let isLess = left.magnitudeIsLess(than: right)
        return left.isNegative ? !isLess : isLess
    }

    /// Neither is zero, and the exponents differ, so that the numbers do.
    private func magnitudeIsLess(than other: Decimal128) -> Bool {
        let order = coefficient.magnitude.digitCount + Int(exponent)
        let otherOrder = other.coefficient.magnitude.digitCount + Int(other.exponent)
        if order != otherOrder { return order < otherOrder }
        // Of one order of magnitude, so the exponents differ by less than 34.
        let difference = Int(exponent) - Int(other.exponent)
        let scaled = UInt256(coefficient.magnitude, times: .powerOfTen(max(0, difference)))
        return scaled < UInt256(other.coefficient.magnitude, times: .powerOfTen(max(0, -difference)))
    }
}

extension Decimal128: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) {
        self.init(value)
    }
}
