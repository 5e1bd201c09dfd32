import Values

/// Searching by code points: Swift's own string comparison would find what is canonically equal.
enum StringSearch {
    /// UTF-8 offset of the first occurrence at or after `start`. Knuth, Morris and Pratt: linear in both.
    static func first(_ needle: [UInt8], in haystack: [UInt8], from start: Int = 0, failures: [Int]) -> Int? {
        if needle.isEmpty { return start }
        var matched = 0
        var index = start
        while index < haystack.count {
            while matched > 0, haystack[index] != needle[matched] { matched = failures[matched - 1] }
            if haystack[index] == needle[matched] { matched += 1 }
            index += 1
            if matched == needle.count { return index - needle.count }
        }
        return nil
    }

    /// For each prefix, the length of its longest proper border.
    static func failures(of needle: [UInt8]) -> [Int] {
        var table = [Int](repeating: 0, count: needle.count)
        var matched = 0
        for index in needle.indices.dropFirst() {
            while matched > 0, needle[index] != needle[matched] { matched = table[matched - 1] }
            if needle[index] == needle[matched] { matched += 1 }
            table[index] = matched
        }
        return table
    }

    static func offset(of needle: String, in haystack: String) -> Int? {
        let bytes = Array(needle.utf8)
        return first(bytes, in: Array(haystack.utf8), failures: failures(of: bytes))
    }

    static func contains(_ haystack: String, _ needle: String) -> Bool { offset(of: needle, in: haystack) != nil }

    static func hasPrefix(_ string: String, _ prefix: String) -> Bool { string.utf8.starts(with: prefix.utf8) }

    static func hasSuffix(_ string: String, _ suffix: String) -> Bool {
        string.utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// The pieces between occurrences of a separator that is not empty; the whole string otherwise.
    static func split(_ string: String, at separator: String) -> [String] {
        let needle = Array(separator.utf8)
        if needle.isEmpty { return [string] }
        let table = failures(of: needle)
        let bytes = Array(string.utf8)
        var pieces: [String] = []
        var start = 0
        while let found = first(needle, in: bytes, from: start, failures: table) {
            pieces.append(String(decoding: bytes[start..<found], as: UTF8.self))
            start = found + needle.count
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }

    /// Java's methods of a string and another.
    static func method(_ name: String, _ string: String, _ other: String) -> Datum? {
        switch name {
        case "contains": .bool(contains(string, other))
        case "startsWith": .bool(hasPrefix(string, other))
        case "endsWith": .bool(hasSuffix(string, other))
        case "equals": .bool(string.utf8.elementsEqual(other.utf8))
        case "equalsIgnoreCase": .bool(string.lowercased().utf8.elementsEqual(other.lowercased().utf8))
        case "concat": .string(string + other)
        case "indexOf": .number(Decimal128(utf16Offset(offset(of: other, in: string), in: string)))
        case "lastIndexOf":
            .number(
                Decimal128(
                    offset(of: reversed(other), in: reversed(string)).map {
                        string.utf16.count - other.utf16.count - utf16Offset($0, in: reversed(string))
                    } ?? -1))
        default: nil
        }
    }

    private static func reversed(_ string: String) -> String {
        String(String.UnicodeScalarView(string.unicodeScalars.reversed()))
    }

    private static func utf16Offset(_ offset: Int?, in string: String) -> Int {
        guard let offset else { return -1 }
        return String(decoding: string.utf8.prefix(offset), as: UTF8.self).utf16.count
    }
}

extension String {
    /// Without white space at both ends.
    var trimmingSpace: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
