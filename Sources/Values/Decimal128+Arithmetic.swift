extension Decimal128 {
    /// Nil if the sum is too large.
    package func adding(_ other: Decimal128) -> Decimal128? {
        if exponent == 0, other.exponent == 0 {
            let sum = coefficient + other.coefficient
            if sum.magnitude < Self.coefficientLimit { return Decimal128(canonical: sum, exponent: 0) }
        }
        if isZero { return other }
        if other.isZero { return self }
        let (coarse, fine) = exponent >= other.exponent ? (self, other) : (other, self)
        return coarse.adding(finer: fine, shift: Int(coarse.exponent) - Int(fine.exponent))
    }

    /// Neither is zero. `shift` is how much greater the exponent of `self` is.
    private func adding(finer other: Decimal128, shift: Int) -> Decimal128? {
        let digits = coefficient.magnitude.digitCount
        // What is left of the shift once `self` fills the 38 digits of a word.
        let fill = min(shift, 38 - digits)
        let filled = coefficient.magnitude * .powerOfTen(fill)
        // Four digits more than are kept: something below the last of them only breaks ties, so that one unit does as well.
        let isNegligible = other.coefficient.magnitude.digitCount - shift <= digits - 38
        let left = isNegligible ? UInt256(filled) : UInt256(filled, times: .powerOfTen(shift - fill))
        let right = UInt256(isNegligible ? 1 : other.coefficient.magnitude)
        let resultExponent = isNegligible ? Int(exponent) - fill : Int(other.exponent)
        if isNegative == other.isNegative {
            return Decimal128(isNegative: isNegative, magnitude: left + right, exponent: resultExponent)
        }
        return left < right
            ? Decimal128(isNegative: other.isNegative, magnitude: right - left, exponent: resultExponent)
            : Decimal128(isNegative: isNegative, magnitude: left - right, exponent: resultExponent)
    }

    /// Nil if the difference is too large.
    package func subtracting(_ other: Decimal128) -> Decimal128? {
        adding(other.negated)
    }

    /// Nil if the product is too large.
    package func multiplying(by other: Decimal128) -> Decimal128? {
        Decimal128(
            isNegative: isNegative != other.isNegative,
            magnitude: UInt256(coefficient.magnitude, times: other.coefficient.magnitude),
            exponent: Int(exponent) + Int(other.exponent))
    }

    /// Nil if the quotient is too large or `other` is zero.
    package func dividing(by other: Decimal128) -> Decimal128? {
        guard !other.isZero else { return nil }
        guard !isZero else { return .zero }
        let (dividend, divisor) = (coefficient.magnitude, other.coefficient.magnitude)
        // Makes a quotient of 35 or 36 digits: one more than is kept, so that the remainder only breaks ties.
        let shift = Self.digits + 1 + divisor.digitCount - dividend.digitCount
        // A factor has 38 digits at most; the remainder takes the rest of the shift.
        let (first, second) = (min(shift, 38), max(0, shift - 38))
        var (quotient, remainder) = UInt256(dividend, times: .powerOfTen(first)).quotientAndRemainder(
            dividingBy: divisor)
        if second > 0 {
            let (more, rest) = UInt256(remainder, times: .powerOfTen(second)).quotientAndRemainder(dividingBy: divisor)
            quotient = quotient * .powerOfTen(second) + more
            remainder = rest
        }
        return Decimal128(
            isNegative: isNegative != other.isNegative, magnitude: UInt256(quotient),
            exponent: Int(exponent) - Int(other.exponent) - shift, isInexact: remainder != 0)
    }

    /// What is left after taking `other` away as often as it fits, exact: the sign is that of `self`. Nil if `other` is
    /// zero.
    package func remainder(dividingBy other: Decimal128) -> Decimal128? {
        guard !other.isZero else { return nil }
        guard !isZero else { return .zero }
        var (dividend, divisor) = (coefficient.magnitude, other.coefficient.magnitude)
        let shift = Int(exponent) - Int(other.exponent)
        if shift < 0 {
            // A divisor with more digits than any dividend is larger than this one.
            guard divisor.digitCount - shift <= 38 else { return self }
            divisor *= .powerOfTen(-shift)
        }
        dividend %= divisor
        var remaining = max(0, shift)
        while remaining > 0, dividend > 0 {
            let step = min(remaining, Self.digits)
            dividend = UInt256(dividend, times: .powerOfTen(step)).quotientAndRemainder(dividingBy: divisor).remainder
            remaining -= step
        }
        return Decimal128(
            isNegative: isNegative, magnitude: UInt256(dividend), exponent: min(Int(exponent), Int(other.exponent)))
    }

    /// FEEL's modulo: `self - other × floor(self / other)`, so the sign is that of `other`. Nil if `other` is zero.
    package func modulo(_ other: Decimal128) -> Decimal128? {
        guard let remainder = remainder(dividingBy: other) else { return nil }
        return remainder.isZero || remainder.isNegative == other.isNegative ? remainder : remainder.adding(other)
    }
}
