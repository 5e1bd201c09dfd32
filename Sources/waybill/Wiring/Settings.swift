import Contracts
import Foundation
import Values
import YAMLReader

/// Settings beside flags: the environment's `WAYBILL_…`, then the file `waybill.yaml` of the directory it runs in (or the one
/// that `WAYBILL_CONFIG` names).
///
/// A flag `--amqp-url-file` is `WAYBILL_AMQP_URL_FILE` in the environment and `amqp-url-file` in the file.
enum Settings {
    static let names = [
        "server", "data", "listen", "token-file", "keys-file", "audit-file", "queue-type", "poll-limit", "bus-prefix",
        "amqp-url-file",
        "log-level",
        "public-url", "claim-bytes", "postgres-url-file", "postgres-password-file", "bundle-keys-file",
        "settings-key-file", "stage", "retention", "drift", "jwt-issuer", "jwt-audience", "jwt-keys", "jwt-roles-claim",
        "jwt-name-claim", "rate-limit", "max-connections",
    ]

    /// The setting of a flag; nil if nobody has set it.
    static func value(_ name: String) -> String? {
        let variable = "WAYBILL_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
        return ProcessInfo.processInfo.environment[variable] ?? (try? file.get())?[name]
    }

    /// A number: of the flag, else of the setting, else the default. Throws `CommandError` if it is none, or out of range.
    static func number(_ name: String, flag: Int?, in range: ClosedRange<Int>, default: Int) throws -> Int {
        let text = flag.map { String($0) } ?? value(name)
        guard let text else { return `default` }
        guard let number = Int(text), range.contains(number) else {
            throw CommandError("\(name) is a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return number
    }

    /// Tells what is wrong with the file, if anything is: a setting nobody reads would be worse than none.
    static func check() throws {
        _ = try file.get()
    }

    private static let file: Result<[String: String], any Error> = Result { try readFile() }

    private static func readFile() throws -> [String: String] {
        let named = ProcessInfo.processInfo.environment["WAYBILL_CONFIG"]
        let path = named ?? "waybill.yaml"
        let data: [UInt8]
        switch InputFile.read(path) {
        case .success(let bytes): data = bytes
        case .failure(let reason):
            if named == nil, reason.isMissing { return [:] }
            throw CommandError("cannot read \(path)\(named == nil ? "" : ", which WAYBILL_CONFIG names"): \(reason)")
        }
        let source: Value
        do {
            source = try YAMLReader.read(data, file: path).value
        } catch {
            throw CommandError("\(error)")
        }
        guard let members = source.members else { throw CommandError("\(path) must be a mapping of settings") }
        var settings: [String: String] = [:]
        for (name, value) in members {
            guard names.contains(name) else {
                throw CommandError("\(path) has no setting '\(name)'; there are: \(names.joined(separator: ", "))")
            }
            guard let text = value.stringValue ?? value.numberValue?.description else {
                throw CommandError("\(path): \(name) must be a text or a number")
            }
            settings[name] = text
        }
        return settings
    }
}
