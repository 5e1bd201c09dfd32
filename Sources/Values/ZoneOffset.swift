/// How far a local clock is ahead of UTC: at most 18 hours either way.
package struct ZoneOffset: Sendable, Hashable {
    package let seconds: Int

    package static let utc = ZoneOffset(utc: ())

    private init(utc: Void) {
        seconds = 0
    }

    package init?(seconds: Int) {
        guard seconds.magnitude <= 18 * 3600 else { return nil }
        self.seconds = seconds
    }

    /// Reads `Z`, `+01:00`, `-05:30`, `+00:19:32`.
    package init?(iso8601 text: String) {
        guard let offset = ISO8601Reader.whole(text, { $0.zoneOffset() }) else { return nil }
        self = offset
    }

    /// `Z` for UTC.
    package var iso8601: String {
        guard seconds != 0 else { return "Z" }
        let (minutes, rest) = Int(seconds.magnitude).quotientAndRemainder(dividingBy: 60)
        let text = "\(seconds < 0 ? "-" : "+")\((minutes / 60).padded(to: 2)):\((minutes % 60).padded(to: 2))"
        return rest == 0 ? text : "\(text):\(rest.padded(to: 2))"
    }
}
