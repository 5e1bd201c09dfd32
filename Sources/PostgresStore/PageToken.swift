import Foundation
import Services

/// Where a page ended: the order of its last row. Users see it as a word without meaning.
struct PageToken {
    var time: Int64
    /// The instance.
    var id: String
    /// Of a task; nil for an instance.
    var number: Int?

    init(time: Int64, id: String, number: Int?) {
        self.time = time
        self.id = id
        self.number = number
    }

    init(instances text: String) throws(StoreError) {
        guard let token = Self(parsing: text), token.number == nil else { throw Self.malformed(text) }
        self = token
    }

    init(tasks text: String) throws(StoreError) {
        guard let token = Self(parsing: text), token.number != nil else { throw Self.malformed(text) }
        self = token
    }

    /// `time.number.id` in base64 for URLs; the number is empty for an instance.
    var text: String {
        Data("\(time).\(number.map(String.init) ?? "").\(id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private init?(parsing text: String) {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let plain = String(validating: data, as: UTF8.self) else {
            return nil
        }
        let parts = plain.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let time = Int64(parts[0]), !parts[2].isEmpty else { return nil }
        if !parts[1].isEmpty {
            guard let number = Int(parts[1]) else { return nil }
            self.number = number
        }
        self.time = time
        id = String(parts[2])
    }

    private static func malformed(_ text: String) -> StoreError {
        StoreError(.misuse, "\(text.prefix(80).debugDescription) is not a page token: give the one of the page before")
    }
}
