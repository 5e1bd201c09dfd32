/// Where a page ended: the order of its last row. Users see it as a word without meaning.
package struct PageToken {
    package var time: Int64
    /// The instance.
    package var id: String
    /// Of a task; nil for an instance.
    package var number: Int?

    package init(time: Int64, id: String, number: Int?) {
        self.time = time
        self.id = id
        self.number = number
    }

    package init(instances text: String) throws(StoreError) {
        guard let token = Self(parsing: text), token.number == nil else { throw Self.malformed(text) }
        self = token
    }

    package init(tasks text: String) throws(StoreError) {
        guard let token = Self(parsing: text), token.number != nil else { throw Self.malformed(text) }
        self = token
    }

    /// `time.number.id` in hexadecimal; the number is empty for an instance.
    package var text: String {
        Hex.text(Array("\(time).\(number.map(String.init) ?? "").\(id)".utf8))
    }

    private init?(parsing text: String) {
        guard let bytes = Hex.bytes(text), let plain = String(validating: bytes, as: UTF8.self) else { return nil }
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
