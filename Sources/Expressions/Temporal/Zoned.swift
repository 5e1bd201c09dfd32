package import Values

/// What a time says about its place.
package enum Zone: Sendable, Hashable {
    case local
    case offset(ZoneOffset)
    /// An IANA name, `Europe/Paris`.
    case region(String)

    /// Reads `Z`, `+01:00` or `@Europe/Paris`; nothing is local.
    init?(_ text: Substring) {
        if text.isEmpty {
            self = .local
        } else if text.first == "@" {
            let name = text.dropFirst()
            guard Zone.isRegionName(name) else { return nil }
            self = .region(String(name))
        } else {
            guard let offset = ZoneOffset(iso8601: String(text)) else { return nil }
            self = .offset(offset)
        }
    }

    var text: String {
        switch self {
        case .local: ""
        case .offset(let offset): offset.iso8601
        case .region(let name): "@" + name
        }
    }

    /// The offset where it is the same all year.
    var fixedOffset: ZoneOffset? {
        switch self {
        case .local: nil
        case .offset(let offset): offset
        case .region(let name):
            ["UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT", "Etc/UCT", "Zulu"].contains(name) ? .utc : nil
        }
    }

    /// Whether a text could be the name of a zone; whether there is one is for the rules of zones to say.
    package static func isRegionName(_ name: some StringProtocol) -> Bool {
        guard let first = name.unicodeScalars.first, first.properties.isAlphabetic, name.utf8.count <= 64 else {
            return false
        }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789/_-+".unicodeScalars.contains($0))
        }
    }

    /// Splits a time or date-time text where its zone begins. A minus sign before the `T` belongs to the date.
    static func split(_ text: String) -> (civil: Substring, zone: Substring) {
        if let at = text.firstIndex(of: "@") { return (text[..<at], text[at...]) }
        if text.hasSuffix("Z") || text.hasSuffix("z") { return (text.dropLast(), text.suffix(1)) }
        let timeStart = text.firstIndex(of: "T") ?? text.startIndex
        if let sign = text[timeStart...].lastIndex(where: { $0 == "+" || $0 == "-" }) {
            return (text[..<sign], text[sign...])
        }
        return (text[...], "")
    }
}

/// A time of day. In a region it has no offset, for that depends on the day: it compares only with times of the same
/// region.
package struct ZonedTime: Sendable, Hashable {
    package var time: CivilTime
    package var zone: Zone

    package init(_ time: CivilTime, _ zone: Zone = .local) {
        self.time = time
        self.zone = zone
    }

    init?(_ text: String) {
        let (civil, zoneText) = Zone.split(text)
        guard let time = CivilTime(iso8601: String(civil)), let zone = Zone(zoneText) else { return nil }
        self.init(time, zone)
    }

    var text: String { time.iso8601 + zone.text }

    /// Negative, zero or positive as this is before, at or after `other`; nil if the two cannot be compared.
    func compared(to other: ZonedTime) -> Int? {
        if zone == other.zone { return order(time, other.time) }
        guard let left = zone.fixedOffset, let right = other.zone.fixedOffset else { return nil }
        return order(
            time.nanosecondsSinceMidnight - left.seconds * 1_000_000_000,
            other.time.nanosecondsSinceMidnight - right.seconds * 1_000_000_000)
    }
}

package struct ZonedDateTime: Sendable, Hashable {
    package var dateTime: CivilDateTime
    package var zone: Zone
    /// In a region: its offset at this time, once the rules of regions were asked.
    var regionOffset: ZoneOffset?

    package init(_ dateTime: CivilDateTime, _ zone: Zone = .local) {
        self.dateTime = dateTime
        self.zone = zone
    }

    /// Ahead of UTC; nil for a local time, and for a region that is not resolved.
    var offset: ZoneOffset? { zone.fixedOffset ?? regionOffset }

    /// With the offset of its region. A time that was moved keeps its instant: what clocks show there changes with the
    /// offset.
    func resolved(by rules: any ZoneRules) -> ZonedDateTime {
        guard case .region(let name) = zone else { return self }
        var result = self
        guard let known = regionOffset else {
            result.regionOffset = rules.offset(of: name, showing: dateTime)
            return result
        }
        guard let instant = dateTime.timestamp(offset: known), let current = rules.offset(of: name, at: instant),
            current != known,
            let moved = CivilDateTime(
                nanosecondsSinceEpoch: dateTime.nanosecondsSinceEpoch
                    + Int128(current.seconds - known.seconds) * DurationText.nanosecondsPerSecond)
        else { return self }
        result.dateTime = moved
        result.regionOffset = current
        return result
    }

    /// The midnight with which a date begins, in UTC as DMN has it.
    init(midnightOf date: CivilDate) {
        self.init(CivilDateTime(date: date, time: CivilTime(nanosecondsSinceMidnight: 0)), .offset(.utc))
    }

    init(_ timestamp: Timestamp) {
        self.init(CivilDateTime(timestamp), .offset(.utc))
    }

    init?(_ text: String) {
        let (civil, zoneText) = Zone.split(text)
        guard let dateTime = ZonedDateTime.civil(civil), let zone = Zone(zoneText) else { return nil }
        self.init(dateTime, zone)
    }

    /// Hour 24 is the midnight that ends the day.
    private static func civil(_ text: Substring) -> CivilDateTime? {
        guard text.hasSuffix("T24:00:00") else { return CivilDateTime(iso8601: String(text)) }
        return CivilDate(iso8601: String(text.dropLast(9)))?.adding(days: 1).map {
            CivilDateTime(date: $0, time: CivilTime(nanosecondsSinceMidnight: 0))
        }
    }

    /// When a text in FEEL's form is, `2026-01-31T12:00:00@Europe/Paris`; nil if it is none, or has no zone.
    package static func timestamp(_ text: String, zones: any ZoneRules) -> Timestamp? {
        guard let resolved = ZonedDateTime(text)?.resolved(by: zones), let offset = resolved.offset else { return nil }
        return resolved.dateTime.timestamp(offset: offset)
    }

    var text: String { dateTime.iso8601 + zone.text }

    func compared(to other: ZonedDateTime) -> Int? {
        nanoseconds(since: other).map { $0.signum().asInt }
    }

    /// The time from `other` to this; nil if one is local and the other is not, or a region is not known.
    func nanoseconds(since other: ZonedDateTime) -> Int128? {
        let civil = dateTime.nanosecondsSinceEpoch - other.dateTime.nanosecondsSinceEpoch
        if zone == other.zone, regionOffset == other.regionOffset { return civil }
        guard let left = offset, let right = other.offset else { return zone == other.zone ? civil : nil }
        return civil - Int128(left.seconds - right.seconds) * 1_000_000_000
    }
}

/// −1, 0 or 1.
func order<Ordered: Comparable>(_ left: Ordered, _ right: Ordered) -> Int {
    left < right ? -1 : left == right ? 0 : 1
}

extension Int128 {
    fileprivate var asInt: Int { Int(truncatingIfNeeded: self) }
}
