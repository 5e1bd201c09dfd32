// Roots, powers and logarithms. The square root is correctly rounded; of the others the last few of the 34 digits may be
// off, since each is computed with numbers of 34 digits.

extension Decimal128 {
    /// Nil for a negative number.
    package func squareRoot() -> Decimal128? {
        guard !isNegative else { return nil }
        guard !isZero else { return .zero }
        // Scaled to 69 to 71 digits with an even exponent, the root has 35 or 36: one more than is kept.
        let digits = coefficient.magnitude.digitCount
        var shift = 70 - digits
        if !(Int(exponent) - shift).isMultiple(of: 2) { shift -= 1 }
        let first = 38 - digits
        let radicand = UInt256(coefficient.magnitude * .powerOfTen(first), times: .powerOfTen(shift - first))
        let root = radicand.squareRoot()
        return Decimal128(
            isNegative: false, magnitude: UInt256(root), exponent: (Int(exponent) - shift) / 2,
            isInexact: UInt256(root, times: root) != radicand)
    }

    /// `self` to the power of `exponent`. Nil if it is too large, or for a negative number and a fraction. Fractions other
    /// than halves give 30 digits.
    package func power(_ exponent: Decimal128) -> Decimal128? {
        if exponent.isInteger { return exponent.intValue.flatMap(integerPower) ?? hugePower(exponent) }
        guard !isNegative else { return nil }
        guard !isZero else { return exponent.isNegative ? nil : .zero }
        if let twice = exponent.adding(exponent), twice.isInteger, let odd = twice.intValue {
            return squareRoot()?.integerPower(odd)
        }
        guard let logarithm = naturalLogarithm(), let product = logarithm.multiplying(by: exponent) else { return nil }
        guard let power = product.exponential() else { return nil }
        // Rounding the noise away makes 8 ^ (a third's first 34 digits) a 2.
        let order = power.coefficient.magnitude.digitCount + Int(power.exponent)
        return power.rounded(scale: 30 - order)
    }

    private func integerPower(_ exponent: Int) -> Decimal128? {
        guard exponent < 0 else { return naturalPower(exponent.magnitude) }
        if let power = naturalPower(exponent.magnitude) { return Decimal128.one.dividing(by: power) }
        // Too large, but its inverse may not be too small.
        return Decimal128.one.dividing(by: self)?.naturalPower(exponent.magnitude)
    }

    /// By squaring. Nil if it is too large.
    private func naturalPower(_ exponent: UInt) -> Decimal128? {
        var result = Decimal128.one
        var square = self
        var remaining = exponent
        while true {
            if !remaining.isMultiple(of: 2) {
                guard let product = result.multiplying(by: square) else { return nil }
                result = product
            }
            remaining /= 2
            guard remaining > 0 else { return result }
            guard let next = square.multiplying(by: square) else { return nil }
            square = next
        }
    }

    /// For an exponent beyond `Int`: only 0, 1, -1 and what shrinks to nothing have such a power.
    private func hugePower(_ exponent: Decimal128) -> Decimal128? {
        guard exponent.intValue == nil else { return nil }
        if magnitude == .one {
            let isOdd = exponent.remainder(dividingBy: 2)?.isZero == false
            return isNegative && isOdd ? self : .one
        }
        return (magnitude < .one) == exponent.isNegative ? nil : .zero
    }

    /// Nil unless positive.
    package func naturalLogarithm() -> Decimal128? {
        guard !isNegative, !isZero else { return nil }
        // self = mantissa × 10^order, the mantissa around 1: no cancellation for numbers close to 1.
        let digits = coefficient.magnitude.digitCount
        var order = digits + Int(exponent)
        var mantissa = Decimal128(isNegative: false, magnitude: UInt256(coefficient.magnitude), exponent: -digits)
        if let small = mantissa, small < Self.rootOfTenth {
            mantissa = small.multiplying(by: 10)
            order -= 1
        }
        // ln m = 2 artanh z = 2 (z + z³/3 + z⁵/5 + …) with z = (m - 1) / (m + 1), |z| < 0.53.
        guard let mantissa, let above = mantissa.adding(1), let z = mantissa.subtracting(1)?.dividing(by: above),
            let zSquared = z.multiplying(by: z)
        else { return nil }
        var term = z
        var sum = z
        for odd in stride(from: 3, through: 140, by: 2) {
            guard let power = term.multiplying(by: zSquared), let part = power.dividing(by: Decimal128(odd)),
                let next = sum.adding(part)
            else { return nil }
            if next == sum { break }
            (term, sum) = (power, next)
        }
        return Decimal128(order).multiplying(by: Self.logarithmOfTen).flatMap { sum.adding(sum)?.adding($0) }
    }

    /// e to the power of `self`; nil if it is too large.
    package func exponential() -> Decimal128? {
        guard magnitude < 15_000 else { return isNegative ? .zero : nil }
        // self = order × ln 10 + rest; e^rest = (e^(rest/32))^32, whose series needs few terms.
        guard let order = dividing(by: Self.logarithmOfTen)?.rounded(scale: 0)?.intValue,
            let multiple = Decimal128(order).multiplying(by: Self.logarithmOfTen),
            let small = subtracting(multiple)?.dividing(by: 32)
        else { return nil }
        var term = Decimal128.one
        var sum = Decimal128.one
        for count in 1...40 {
            guard let part = term.multiplying(by: small)?.dividing(by: Decimal128(count)), let next = sum.adding(part)
            else { return nil }
            if next == sum { break }
            (term, sum) = (part, next)
        }
        guard let power = sum.integerPower(32) else { return nil }
        return Decimal128(
            isNegative: false, magnitude: UInt256(power.coefficient.magnitude), exponent: Int(power.exponent) + order)
    }

    private static let rootOfTenth = Decimal128(canonical: 316, exponent: -3)
    /// ln 10 = 2.302585092994045684017991454684364 (34 digits).
    private static let logarithmOfTen = Decimal128(
        canonical: 2_302_585_092_994_045_684_017_991_454_684_364, exponent: -33)
}

extension UInt256 {
    /// The whole part of the root of a number of 69 to 71 digits: Newton's method from above.
    fileprivate func squareRoot() -> UInt128 {
        let bits = high > 0 ? 256 - high.leadingZeroBitCount : 128 - low.leadingZeroBitCount
        var root: UInt128 = 1 << ((bits + 1) / 2)
        while true {
            let next = (root + quotientAndRemainder(dividingBy: root).quotient) / 2
            if next >= root { return root }
            root = next
        }
    }
}
