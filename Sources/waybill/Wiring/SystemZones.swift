import Expressions
import Foundation
import Logging
import Synchronization
import Values

/// The rules of time zones that this machine has. A zone is looked up once; one that is not here is worth a warning, for timers go by
/// UTC in its place.
final class SystemZones: ZoneRules {
    private let log: Logger?
    private let known = Mutex<[String: TimeZone?]>([:])

    /// Far more than there are zones: names come from outside.
    private static let maxKnown = 1000

    init(log: Logger? = nil) {
        self.log = log
    }

    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        let rules = known.withLock { known -> TimeZone? in
            if let rules = known[zone] { return rules }
            if known.count >= Self.maxKnown { known.removeAll() }
            let rules = TimeZone(identifier: zone)
            if rules == nil {
                log?.warning(
                    "this machine has no rules for a time zone: timers go by UTC in its place; install tzdata",
                    metadata: ["zone": "\(zone.prefix(100))"])
            }
            known[zone] = .some(rules)
            return rules
        }
        let date = Date(timeIntervalSince1970: Double(timestamp.millisecondsSinceEpoch) / 1000)
        return rules.flatMap { ZoneOffset(seconds: $0.secondsFromGMT(for: date)) }
    }
}
