extension Decimal128 {
    /// The shortest decimal that reads back as `double`, as people write it: 0.1 for 0.1. Nil for infinities and NaN.
    package init?(approximating double: Double) {
        self.init(double.description)
    }

    /// The value that `double` has in binary; nil if it takes more than 34 digits. Whole numbers from 10^34 on are not tried.
    package init?(exactly double: Double) {
        guard double.isFinite else { return nil }
        if let whole = Int128(exactly: double) {
            self.init(isNegative: whole < 0, magnitude: UInt256(whole.magnitude), exponent: 0)
            guard whole.magnitude < Self.coefficientLimit else { return nil }
            return
        }
        // An odd number times 2^-places, which is that number times 5^places × 10^-places.
        let places = double.significandWidth - Int(double.exponent)
        guard (1...60).contains(places),
            let odd = UInt128(exactly: double.magnitude * Double(sign: .plus, exponent: places, significand: 1))
        else { return nil }
        var coefficient = odd
        for _ in 0..<places {
            coefficient *= 5
            guard coefficient < Self.coefficientLimit else { return nil }
        }
        self.init(isNegative: double < 0, magnitude: UInt256(coefficient), exponent: -places)
    }

    /// The nearest double; infinite if the number is beyond the range of doubles.
    package var doubleValue: Double {
        // Both operands are exact, so the one operation rounds correctly.
        if coefficient.magnitude < 1 << 53, exponent.magnitude <= 22 {
            let power = Double(UInt128.powerOfTen(Int(exponent.magnitude)))
            return exponent < 0 ? Double(coefficient) / power : Double(coefficient) * power
        }
        return Double("\(coefficient)e\(exponent)") ?? 0
    }
}
