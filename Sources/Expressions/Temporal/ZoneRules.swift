package import Values

/// The offsets of time zones with a name, `Europe/Paris`. The rules are data that changes, so they come from outside.
package protocol ZoneRules: Sendable {
    /// What clocks there are ahead of UTC at that time; nil for a zone that is not known.
    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset?
}

/// Knows the names of UTC and no others.
package struct FixedZones: ZoneRules {
    package init() {}

    package func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        ["UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT", "Etc/UCT", "Zulu"].contains(zone) ? .utc : nil
    }
}

extension ZoneRules {
    /// The offset when clocks there show `dateTime`: the earlier of two that show it, and what held before a time that
    /// is skipped.
    func offset(of zone: String, showing dateTime: CivilDateTime) -> ZoneOffset? {
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
