extension Decimal128 {
    /// The shortest decimal that reads back as `double`, as people write it: 0.1 for 0.1. Nil for infinities and NaN.
    package init?(approximating double: Double) {
        self.init(double.description)
    }

    /// The value that `double` has in binary; nil if it takes more than 34 digits.
    package init?(exactly double: Double) {
        guard double.isFinite else { return nil }
        guard !double.isZero else {
            self = .zero
            return
        }
        // An odd number times a power of 2. (Subnormals are far too small to have only 34 digits.)
        let significand = UInt128(double.significandBitPattern | 1 << 52)
        let zeros = significand.trailingZeroBitCount
        let power = Int(double.exponent) - 52 + zeros
        // 2^-n is 5^n × 10^-n.
        guard let whole = Self.times(significand >> zeros, 2, max(0, power)),
            let coefficient = Self.times(whole, 5, max(0, -power))
        else { return nil }
        self.init(isNegative: double < 0, magnitude: UInt256(coefficient), exponent: min(0, power))
    }

    /// `number × base^exponent`; nil if it has more than 34 digits.
    private static func times(_ number: UInt128, _ base: UInt128, _ exponent: Int) -> UInt128? {
        var product = number
        for _ in 0..<exponent {
            product *= base
            guard product < coefficientLimit else { return nil }
        }
        return product
    }

    /// The nearest double; infinite if the number is beyond the range of doubles.
    package var doubleValue: Double {
        // Both operands are exact, so the one operation rounds correctly.
        if let small = Int64(exactly: coefficient), small.magnitude < 1 << 53, exponent.magnitude <= 18 {
            let power = Double(UInt64(UInt128.powerOfTen(Int(exponent.magnitude))))
            return exponent < 0 ? Double(small) / power : Double(small) * power
        }
        return Double("\(coefficient)e\(exponent)") ?? 0
    }
}
