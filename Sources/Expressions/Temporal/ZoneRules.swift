package import Values

/// The offsets of time zones with a name, `Europe/Paris`. The rules are data that changes, so they come from outside.
package protocol ZoneRules: Sendable {
    /// What clocks there are ahead of UTC at that time; nil for a zone that is not known.
    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset?

    /// Whether there is such a zone. A time in a zone that there is not is null.
    func isZone(_ name: String) -> Bool
}

extension ZoneRules {
    package func isZone(_ name: String) -> Bool {
        offset(of: name, at: Timestamp(millisecondsSinceEpoch: 0)) != nil
    }
}

/// Knows the names of UTC and of no others: times in other zones compare only with times in the same zone.
package struct FixedZones: ZoneRules {
    package init() {}

    package func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        ["UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT", "Etc/UCT", "Zulu"].contains(zone) ? .utc : nil
    }

    package func isZone(_ name: String) -> Bool { true }
}

extension ZoneRules {
    /// The offset when clocks there show `dateTime`: the earlier of two that show it, and what held before a time that
    /// is skipped.
    package func offset(of zone: String, showing dateTime: CivilDateTime) -> ZoneOffset? {
        guard let civil = dateTime.timestamp(offset: .utc),
            let before = offset(of: zone, at: civil.advanced(by: .seconds(-86_400))),
            let after = offset(of: zone, at: civil.advanced(by: .seconds(86_400)))
        else { return nil }
        if before == after { return before }
        for candidate in [before, after] {
            guard let instant = dateTime.timestamp(offset: candidate) else { continue }
            if offset(of: zone, at: instant) == candidate { return candidate }
        }
        return before
    }
}
