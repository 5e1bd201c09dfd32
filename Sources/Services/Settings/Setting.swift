package import Values

/// A setting of the installation: of one stage, or common to all.
package struct Setting: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable { case string, number, boolean, json }

    package enum Content: Sendable, Hashable {
        case plain(JSON)
        /// Encrypted: the id of the key, and what it sealed, hexadecimal.
        case secret(key: String, sealed: String)
    }

    package var id: SettingID
    package var kind: Kind
    package var content: Content
    package var changedBy: String
    package var changedAt: Timestamp

    package var isSecret: Bool {
        switch content {
        case .plain: false
        case .secret: true
        }
    }

    /// Letters, digits, dots, hyphens and underscores, at most 100; the first a letter. Of a stage too.
    package static func isName(_ text: String) -> Bool {
        guard (1...100).contains(text.utf8.count), let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Whether a value is of the kind.
    package static func fits(_ value: JSON, _ kind: Kind) -> Bool {
        switch kind {
        case .string: value.stringValue != nil
        case .number: value.isNumber
        case .boolean: value.boolValue != nil
        case .json: true
        }
    }
}

/// How stores keep it.
extension Setting {
    var stored: StoredSetting {
        var members: [(name: String, value: JSON)] = [("kind", .string(kind.rawValue))]
        switch content {
        case .plain(let value): members.append(("value", value))
        case .secret(let key, let sealed):
            members.append(("key", .string(key)))
            members.append(("sealed", .string(sealed)))
        }
        members.append(("by", .string(changedBy)))
        members.append(("at", .number(Int(changedAt.millisecondsSinceEpoch))))
        return StoredSetting(id: id, body: .object(members))
    }

    init(_ stored: StoredSetting) throws(StoreError) {
        let body = stored.body
        id = stored.id
        changedBy = body["by"]?.stringValue ?? ""
        changedAt = Timestamp(millisecondsSinceEpoch: Int64(body["at"]?.intValue ?? 0))
        guard let kind = body["kind"]?.stringValue.flatMap({ Kind(rawValue: $0) }) else {
            throw StoreError(.corrupt, "the setting \(stored.id.name) cannot be read")
        }
        self.kind = kind
        if let key = body["key"]?.stringValue, let sealed = body["sealed"]?.stringValue {
            content = .secret(key: key, sealed: sealed)
        } else if let value = body["value"] {
            content = .plain(value)
        } else {
            throw StoreError(.corrupt, "the setting \(stored.id.name) cannot be read")
        }
    }
}
