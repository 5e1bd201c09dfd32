import Delivery
import Foundation

/// Addresses and tokens of servers as people give them.
enum ServerAddress {
    /// Reads an address to which paths are put. Throws `CommandError`, which shows no password.
    /// - Parameter option: where it is from: `--server`.
    static func read(_ text: String, of option: String) throws -> HTTPAddress {
        let address: HTTPAddress
        do throws(HTTPAddress.Problem) {
            address = try HTTPAddress(text)
        } catch {
            throw CommandError("\(option) '\(HTTPAddress.withoutCredentials(text))': \(error)")
        }
        guard !address.hasQuery, !address.hasFragment else {
            throw CommandError(
                "\(option) '\(HTTPAddress.withoutCredentials(text))': paths are put to it, so that it can have no ? and no #"
            )
        }
        return address
    }

    /// A bearer token of the environment; nil without one. Throws `CommandError`, which does not show it.
    static func token(_ variable: String) throws -> String? {
        guard let given = ProcessInfo.processInfo.environment[variable] else { return nil }
        let token = given.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError("\(variable) has a character that a header cannot have")
        }
        return token.isEmpty ? nil : token
    }
}
