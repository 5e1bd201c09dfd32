extension CalendarDuration {
    /// Reads `P1Y2M3W4DT5H6M7.5S` with any of its parts, in this order. The last may have a fraction, which must come to
    /// whole months for years and months; what is finer than a nanosecond is cut off. The whole, and each part, may have a
    /// sign. Nil if it is too long.
    package init?(iso8601 text: String) {
        guard let duration = ISO8601Reader.whole(text, Self.read) else { return nil }
        self = duration
    }

    private static func read(_ reader: inout ISO8601Reader) -> CalendarDuration? {
        let isNegative = reader.skip("-")
        if !isNegative { _ = reader.skip("+") }
        guard reader.skip("P") else { return nil }
        var sum = Sum()
        var units = Unit.ofDate[...]
        while !reader.isAtEnd {
            if reader.skip("T") {
                guard !sum.isInTime, !reader.isAtEnd else { return nil }
                sum.isInTime = true
                units = Unit.ofTime[...]
            }
            guard !sum.hasFraction, let amount = Amount(&reader),
                let unit = units.firstIndex(where: { reader.skip($0.designator) }), sum.add(amount, units[unit])
            else { return nil }
            units = units[(unit + 1)...]
        }
        guard sum.hasParts else { return nil }
        return isNegative ? sum.duration.negated : sum.duration
    }

    private struct Unit: Sendable {
        var designator: Unicode.Scalar
        var months: Int128 = 0
        var seconds: Int128 = 0

        static let ofDate = [
            Unit(designator: "Y", months: 12), Unit(designator: "M", months: 1),
            Unit(designator: "W", seconds: 604_800),
            Unit(designator: "D", seconds: 86_400),
        ]
        static let ofTime = [
            Unit(designator: "H", seconds: 3600), Unit(designator: "M", seconds: 60), Unit(designator: "S", seconds: 1),
        ]
    }

    /// A number of up to 18 digits, and up to 18 more behind a point.
    private struct Amount {
        /// Of one, in units of 10^-18.
        private(set) var fraction: Int128 = 0
        private(set) var whole: Int128
        private(set) var isNegative: Bool
        static let scale: Int128 = 1_000_000_000_000_000_000

        init?(_ reader: inout ISO8601Reader) {
            isNegative = reader.skip("-")
            guard let digits = reader.digits(), let whole = Int64(String(decoding: digits, as: UTF8.self)),
                whole < Self.scale
            else { return nil }
            self.whole = Int128(whole)
            guard reader.skip(".") || reader.skip(",") else { return }
            guard let digits = reader.digits() else { return nil }
            hasFraction = true
            var weight = Self.scale / 10
            for digit in digits.prefix(18) {
                fraction += weight * Int128(digit - ASCII.zero)
                weight /= 10
            }
        }

        private(set) var hasFraction = false

        /// The amount times `factor`, cut off; the second is whether nothing was.
        func times(_ factor: Int128) -> (product: Int128, isExact: Bool) {
            let (more, rest) = (fraction * factor).quotientAndRemainder(dividingBy: Self.scale)
            let product = whole * factor + more
            return (isNegative ? -product : product, rest == 0)
        }
    }

    /// The parts read so far.
    private struct Sum {
        private(set) var duration = CalendarDuration.zero
        private(set) var hasParts = false
        private(set) var hasFraction = false
        var isInTime = false

        mutating func add(_ amount: Amount, _ unit: Unit) -> Bool {
            hasParts = true
            hasFraction = amount.hasFraction
            let months = amount.times(unit.months)
            let nanoseconds = amount.times(unit.seconds * 1_000_000_000)
            guard months.isExact, let months = Int64(exactly: months.product),
                let sum = duration.adding(CalendarDuration(months: months, nanoseconds: nanoseconds.product))
            else { return false }
            duration = sum
            return true
        }
    }

    /// `P1Y2M3DT4H5M6.5S`: as many of each unit as fit, no weeks, `PT0S` for nothing. A negative duration has its sign in
    /// front; only one whose months and time have different signs has signs at its parts.
    package var iso8601: String {
        if isNegative { return "-" + negated.iso8601 }
        let monthSign = months < 0 ? "-" : ""
        let (years, restMonths) = months.magnitude.quotientAndRemainder(dividingBy: 12)
        var date = "P" + Self.part(monthSign, years, "Y") + Self.part(monthSign, restMonths, "M")

        let sign = nanoseconds < 0 ? "-" : ""
        let (seconds, billionths) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        date += Self.part(sign, seconds / 86_400, "D")
        var clock = Self.part(sign, seconds / 3600 % 24, "H") + Self.part(sign, seconds / 60 % 60, "M")
        let fraction = Int(billionths).fractionOfBillion
        if seconds % 60 > 0 || !fraction.isEmpty { clock += "\(sign)\(seconds % 60)\(fraction)S" }
        if clock.isEmpty { return date == "P" ? "PT0S" : date }
        return "\(date)T\(clock)"
    }

    private static func part(_ sign: String, _ amount: some BinaryInteger, _ designator: String) -> String {
        amount == 0 ? "" : "\(sign)\(amount)\(designator)"
    }
}
