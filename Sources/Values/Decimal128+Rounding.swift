extension Decimal128 {
    package enum RoundingMode: String, Sendable, Hashable, CaseIterable {
        /// Away from zero, towards zero, towards positive and negative infinity.
        case up, down, ceiling, floor
        /// To the nearest; of two equally near the one away from zero, towards zero, with the even last digit.
        case halfUp, halfDown, halfEven
    }

    /// The integer not above it.
    package var floor: Decimal128 { rounded(scale: 0, mode: .floor) ?? self }
    /// The integer not below it.
    package var ceiling: Decimal128 { rounded(scale: 0, mode: .ceiling) ?? self }

    /// Keeps `scale` digits behind the decimal point; a negative scale rounds to tens, hundreds, …. Nil if the result is
    /// too large.
    package func rounded(scale: Int, mode: RoundingMode = .halfEven) -> Decimal128? {
        guard !isZero, scale < -Int(exponent) else { return self }
        // Coarser than that: nothing is left but what rounds up.
        let scale = max(scale, -Self.exponents.upperBound - Self.digits)
        let rounding = Rounding(UInt256(coefficient.magnitude), droppingDigits: -Int(exponent) - scale)
        return Decimal128(
            isNegative: isNegative, magnitude: UInt256(rounding.magnitude(mode, isNegative: isNegative)),
            exponent: -scale)
    }
}

/// A number without its last digits, and how they compare to half of the last digit kept.
struct Rounding {
    private let quotient: UInt128
    private let rest: Rest

    private enum Rest { case zero, belowHalf, half, aboveHalf }

    /// `magnitude` has at most 72 digits and what is left of it at most 38. `isInexact`: the exact value is a little more.
    init(_ magnitude: UInt256, droppingDigits count: Int, isInexact: Bool = false) {
        var (magnitude, count, isInexact) = (magnitude, count, isInexact)
        while count > 38, magnitude != UInt256(0) {
            let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: .powerOfTen(38))
            isInexact = isInexact || remainder != 0
            magnitude = UInt256(quotient)
            count -= 38
        }
        guard magnitude != UInt256(0) else {
            quotient = 0
            rest = isInexact ? .belowHalf : .zero
            return
        }
        let divisor = UInt128.powerOfTen(count)
        let remainder: UInt128
        (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: divisor)
        let half = divisor / 2
        rest =
            if remainder == half {
                isInexact ? .aboveHalf : .half
            } else if remainder > half {
                .aboveHalf
            } else {
                remainder == 0 && !isInexact ? .zero : .belowHalf
            }
    }

    func magnitude(_ mode: Decimal128.RoundingMode, isNegative: Bool) -> UInt128 {
        let increments =
            switch mode {
            case .up: rest != .zero
            case .down: false
            case .ceiling: rest != .zero && !isNegative
            case .floor: rest != .zero && isNegative
            case .halfUp: rest == .half || rest == .aboveHalf
            case .halfDown: rest == .aboveHalf
            case .halfEven: rest == .aboveHalf || (rest == .half && !quotient.isMultiple(of: 2))
            }
        return increments ? quotient + 1 : quotient
    }
}
