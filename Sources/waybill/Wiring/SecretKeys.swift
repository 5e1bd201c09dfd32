import Crypto
import Foundation
import Services

/// Keys for secrets: AES-256-GCM. A file or `WAYBILL_SETTINGS_KEY` has a line for each, an id and 64 hexadecimal digits; the first encrypts.
enum SecretKeys {
    /// The box of the keys in a file, else of the environment; without either there is no key. Throws `CommandError`.
    static func box(file: String?) throws -> SecretBox {
        if let file {
            return try box(InputFile.text(file, of: "the keys for secrets"), from: file)
        }
        guard let text = ProcessInfo.processInfo.environment["WAYBILL_SETTINGS_KEY"], !text.isEmpty else {
            return .none
        }
        return try box(text, from: "WAYBILL_SETTINGS_KEY")
    }

    /// The text of a file of keys; nil if it is not there. Throws `CommandError` if it is something else: nobody's file gets a key.
    static func lines(ofFile file: String) throws -> String? {
        if case .failure(let reason) = InputFile.read(file), reason.isMissing { return nil }
        let text = try InputFile.text(file, of: "keys")
        if !text.allSatisfy(\.isWhitespace) { _ = try box(text, from: file) }
        return text
    }

    /// A new key as a line of a file.
    static func newLine() -> (line: String, id: String) {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let id = String(format: "k%08x", UInt32.random(in: .min ... .max))
        return (id + " " + bytes.map { String(format: "%02x", $0) }.joined(), id)
    }

    private static func box(_ text: String, from place: String) throws -> SecretBox {
        var keys: [(id: String, key: SymmetricKey)] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count == 2, Setting.isName(String(words[0])), let bytes = bytes(words[1]), bytes.count == 32,
                !keys.contains(where: { $0.id == words[0] })
            else { throw CommandError("\(place) must have lines of an id and 64 hexadecimal digits, each id once") }
            keys.append((String(words[0]), SymmetricKey(data: bytes)))
        }
        guard let first = keys.first else { throw CommandError("\(place) has no key") }
        let all = Dictionary(keys.map { ($0.id, $0.key) }, uniquingKeysWith: { $1 })
        return SecretBox(
            currentKey: first.id,
            seal: { plain, name in
                guard
                    let sealed = try AES.GCM.seal(plain, using: first.key, authenticating: Array(name.utf8)).combined
                else { throw CommandError("a secret cannot be encrypted") }
                return Array(sealed)
            },
            open: { sealed, id, name in
                guard let key = all[id], let box = try? AES.GCM.SealedBox(combined: sealed),
                    let plain = try? AES.GCM.open(box, using: key, authenticating: Array(name.utf8))
                else { return nil }
                return Array(plain)
            })
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
