/// A time of day on a clock, in no particular time zone. No leap seconds; midnight is 00:00, never 24:00.
package struct CivilTime: Sendable, Hashable {
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let nanosecond: Int

    package static let midnight = CivilTime(nanosecondsSinceMidnight: 0)
    static let nanosecondsPerDay = 86_400_000_000_000

    /// Nil if no clock shows this.
    package init?(hour: Int, minute: Int, second: Int = 0, nanosecond: Int = 0) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second),
            (0..<1_000_000_000).contains(nanosecond)
        else { return nil }
        self.hour = hour
        self.minute = minute
        self.second = second
        self.nanosecond = nanosecond
    }

    /// Wraps around midnight, in both directions.
    package init(nanosecondsSinceMidnight nanoseconds: Int) {
        let remainder = nanoseconds % Self.nanosecondsPerDay
        let ofDay = remainder < 0 ? remainder + Self.nanosecondsPerDay : remainder
        hour = ofDay / 3_600_000_000_000
        minute = ofDay / 60_000_000_000 % 60
        second = ofDay / 1_000_000_000 % 60
        nanosecond = ofDay % 1_000_000_000
    }

    /// Reads `12:30`, `12:30:05`, `12:30:05.25`.
    package init?(iso8601 text: String) {
        guard let time = ISO8601Reader.whole(text, { $0.time() }) else { return nil }
        self = time
    }

    /// `12:30:05`, with as many digits of a fraction as it has.
    package var iso8601: String {
        "\(hour.padded(to: 2)):\(minute.padded(to: 2)):\(second.padded(to: 2))\(nanosecond.fractionOfBillion)"
    }

    package var nanosecondsSinceMidnight: Int {
        ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanosecond
    }
}

extension CivilTime: Comparable {
    package static func < (left: CivilTime, right: CivilTime) -> Bool {
        left.nanosecondsSinceMidnight < right.nanosecondsSinceMidnight
    }
}
