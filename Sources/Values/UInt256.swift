/// The full-width intermediate results of `Decimal128`: what two 128-bit numbers multiply to.
struct UInt256: Equatable, Comparable {
    var high: UInt128
    var low: UInt128

    init(_ low: UInt128) {
        self.high = 0
        self.low = low
    }

    private init(high: UInt128, low: UInt128) {
        self.high = high
        self.low = low
    }

    /// `left × right`, exact.
    init(_ left: UInt128, times right: UInt128) {
        (high, low) = left.multipliedFullWidth(by: right)
    }

    static func < (left: UInt256, right: UInt256) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// The caller knows that the sum fits.
    static func + (left: UInt256, right: UInt256) -> UInt256 {
        let (low, carry) = left.low.addingReportingOverflow(right.low)
        return UInt256(high: left.high + right.high + (carry ? 1 : 0), low: low)
    }

    /// The caller knows that `left` is not less than `right`.
    static func - (left: UInt256, right: UInt256) -> UInt256 {
        let (low, borrow) = left.low.subtractingReportingOverflow(right.low)
        return UInt256(high: left.high - right.high - (borrow ? 1 : 0), low: low)
    }

    /// The quotient must fit 128 bits: `high` is less than `divisor`.
    func quotientAndRemainder(dividingBy divisor: UInt128) -> (quotient: UInt128, remainder: UInt128) {
        precondition(high < divisor, "the quotient fits 128 bits")
        return high == 0 ? low.quotientAndRemainder(dividingBy: divisor) : divisor.dividingFullWidth((high, low))
    }

    /// How many decimal digits it has; 0 for zero. At most 72, as everything `Decimal128` makes.
    var digitCount: Int {
        guard high > 0 else { return low.digitCount }
        return 35 + quotientAndRemainder(dividingBy: .powerOfTen(35)).quotient.digitCount
    }
}

extension UInt128 {
    private static let powersOfTen: [UInt128] = (0..<38).reduce(into: [1]) { powers, index in
        powers.append(powers[index] * 10)
    }

    /// `exponent` is 0 to 38.
    static func powerOfTen(_ exponent: Int) -> UInt128 {
        powersOfTen[exponent]
    }

    /// How many decimal digits it has; 0 for zero.
    var digitCount: Int {
        // log10(2) is a little more than 1233/4096, so the estimate is right or one too small.
        let estimate = ((UInt128.bitWidth - leadingZeroBitCount) * 1233) >> 12
        return estimate > 38 || self >= .powerOfTen(estimate) ? estimate + (self == 0 ? 0 : 1) : estimate
    }
}
