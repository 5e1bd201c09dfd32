import Crypto
import Foundation
package import Services
package import Values

/// What `waybill key new` makes.
package enum NewKey {
    /// A key that nobody has seen, and its entry. Throws `CommandError` with what is wrong with the wishes.
    package static func make(
        name: String, roles: [String], expires: String?, workflows: [String], now: Timestamp
    ) throws -> (key: String, entry: AccessKey) {
        guard AccessKey.isName(name) else {
            throw CommandError("--name is \(AccessKey.nameRule); not '\(name)'")
        }
        let known = try roles.map { text in
            guard let role = KeyRole(rawValue: text) else {
                let all = KeyRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandError("--role is one of \(all), not '\(text)'")
            }
            return role
        }
        let patterns = try workflows.map { text in
            guard let pattern = NamePattern(text) else {
                throw CommandError("--workflows is a name with * in it, like media-*, not '\(text)'")
            }
            return pattern
        }
        let random = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let text = random.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
        let key = AccessKey.prefix + text
        let entry = AccessKey(
            name: name, roles: known, sha256: Readers.sha256(Array(key.utf8)),
            expires: try expires.map { try time($0, after: now) }, workflows: patterns.isEmpty ? nil : patterns)
        return (key, entry)
    }

    private static func time(_ text: String, after now: Timestamp) throws -> Timestamp {
        if let time = Timestamp(iso8601: text), time > now { return time }
        guard text.hasSuffix("d"), let days = Int(text.dropLast()), (1...36_500).contains(days) else {
            throw CommandError(
                "--expires is a number of days like 90d, or a later date-time with a zone, not '\(text)'")
        }
        return now.advanced(by: .seconds(86_400 * days))
    }
}
