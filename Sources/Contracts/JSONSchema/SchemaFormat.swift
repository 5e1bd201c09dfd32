import Values

/// The formats that are asserted; any other name is no more than a note.
enum SchemaFormat: String, Sendable, CaseIterable {
    case dateTime = "date-time"
    case date
    case time
    case duration
    case uri
    case uriReference = "uri-reference"
    case email
    case uuid
    case ipv4
    case ipv6
    case hostname
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"
    case regex

    var phrase: String {
        switch self {
        case .dateTime: "a date and time with offset, as in 2026-01-31T12:00:00Z"
        case .date: "a date, as in 2026-01-31"
        case .time: "a time with offset, as in 12:00:00Z"
        case .duration: "an ISO 8601 duration, as in PT10M"
        case .uri: "an absolute URI"
        case .uriReference: "a URI or a relative reference"
        case .email: "an e-mail address"
        case .uuid: "a UUID"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .hostname: "a host name"
        case .jsonPointer: "a JSON Pointer"
        case .relativeJSONPointer: "a relative JSON Pointer"
        case .regex: "a regular expression"
        }
    }

    func accepts(_ text: String) -> Bool {
        switch self {
        case .dateTime: DateText.isDateTime(text)
        case .date: DateText.isDate(Array(text.utf8)[...])
        case .time: DateText.isTime(Array(text.utf8)[...])
        case .duration: DateText.isDuration(text)
        case .uri: URIReference.isValid(text, allowsRelative: false)
        case .uriReference: URIReference.isValid(text, allowsRelative: true)
        case .email: HostText.isEmail(text)
        case .uuid: Self.isUUID(text)
        case .ipv4: IPAddress.isV4(text)
        case .ipv6: IPAddress.isV6(text)
        case .hostname: HostText.isHostName(text)
        case .jsonPointer: JSONPointer.tokens(of: text) != nil
        case .relativeJSONPointer: Self.isRelativePointer(text)
        case .regex: (try? ECMARegex.compile(text)) != nil
        }
    }

    private static func isUUID(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy { $0.hexDigitValue != nil } }
    }

    private static func isRelativePointer(_ text: String) -> Bool {
        let digits = text.utf8.prefix(while: \.isASCIIDigit)
        guard !digits.isEmpty, digits.count == 1 || digits.first != UInt8(ascii: "0") else { return false }
        let rest = String(text.utf8.dropFirst(digits.count)) ?? ""
        return rest == "#" || JSONPointer.tokens(of: rest) != nil
    }
}

/// Dates and times as RFC 3339 writes them; durations as its appendix A does.
enum DateText {
    static func isDateTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count > 11, bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
        return isDate(bytes[..<10]) && isTime(bytes[11...])
    }

    static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(bytes)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[0..<4]),
            let month = number(bytes[5..<7]), let day = number(bytes[8..<10])
        else { return false }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && day >= 1 && day <= lengths[month - 1]
    }

    static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(bytes)
        guard bytes.count >= 9, bytes[2] == UInt8(ascii: ":"), bytes[5] == UInt8(ascii: ":"),
            let hour = number(bytes[0..<2]),
            let minute = number(bytes[3..<5]), let second = number(bytes[6..<8]), hour < 24, minute < 60, second <= 60
        else { return false }
        var rest = bytes[8...]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let digits = rest.prefix(while: \.isASCIIDigit)
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count)
        }
        guard let offset = offsetMinutes(Array(rest)) else { return false }
        if second < 60 { return true }
        // A leap second is the last second of a UTC day.
        let minuteOfDay = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440
        return minuteOfDay == 1439
    }

    private static func offsetMinutes(_ bytes: [UInt8]) -> Int? {
        if bytes.count == 1, bytes[0] | 0x20 == UInt8(ascii: "z") { return 0 }
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"),
            let hours = number(bytes[1..<3]), let minutes = number(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (bytes[0] == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy(\.isASCIIDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// `P` with units in falling order, each a whole number, none left out in between; weeks alone.
    static func isDuration(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "P") else { return false }
        let parts = text.utf8.dropFirst().split(
            separator: UInt8(ascii: "T"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let date = units(Array(parts[0])) else { return false }
        if parts.count == 1 { return date == "W" || (!date.isEmpty && "YMD".contains(date)) }
        guard let time = units(Array(parts[1])) else { return false }
        return !time.isEmpty && "HMS".contains(time) && (date.isEmpty || "YMD".contains(date))
    }

    /// The unit letters of `1Y2M`; nil if a number is missing.
    private static func units(_ bytes: [UInt8]) -> String? {
        var letters = ""
        var rest = bytes[...]
        while !rest.isEmpty {
            let digits = rest.prefix(while: \.isASCIIDigit)
            rest = rest.dropFirst(digits.count)
            guard !digits.isEmpty, let letter = rest.popFirst() else { return nil }
            letters.unicodeScalars.append(Unicode.Scalar(letter))
        }
        return letters
    }
}

enum HostText {
    /// Labels of letters, digits and inner hyphens, as RFC 1123 says.
    static func isHostName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
                && !isReserved(Array(label))
        }
    }

    /// Hyphens in the third and fourth place are kept for encodings, of which there is one, `xn--`. What it encodes is not looked at.
    private static func isReserved(_ label: [UInt8]) -> Bool {
        guard label.count >= 4, label[2] == UInt8(ascii: "-"), label[3] == UInt8(ascii: "-") else { return false }
        return label[0] | 0x20 != UInt8(ascii: "x") || label[1] | 0x20 != UInt8(ascii: "n")
    }

    /// RFC 5321: a dotted or quoted local part, and a host name or an address in brackets.
    static func isEmail(_ text: String) -> Bool {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = text.utf8[..<at]
        let domain = String(text.utf8[text.utf8.index(after: at)...]) ?? ""
        guard (1...64).contains(local.count), isLocalPart(Array(local)) else { return false }
        if domain.hasPrefix("["), domain.hasSuffix("]") {
            let address = String(domain.dropFirst().dropLast())
            return IPAddress.isV4(address)
                || (address.lowercased().hasPrefix("ipv6:") && IPAddress.isV6(String(address.dropFirst(5))))
        }
        return isHostName(domain)
    }

    private static func isLocalPart(_ bytes: [UInt8]) -> Bool {
        if bytes.count > 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            var escaped = false
            for byte in bytes.dropFirst().dropLast() {
                guard (0x20...0x7E).contains(byte), escaped || byte != UInt8(ascii: "\"") else { return false }
                escaped = !escaped && byte == UInt8(ascii: "\\")
            }
            return !escaped
        }
        let punctuation = Set("!#$%&'*+-/=?^_`{|}~".utf8)
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || punctuation.contains($0) }
        }
    }
}

enum IPAddress {
    static func isV4(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(\.isASCIIDigit)
                    && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } < 256
            }
    }

    static func isV6(_ text: String) -> Bool {
        guard text.utf8.count <= 45 else { return false }
        let halves = split(text, at: "::")
        guard halves.count <= 2, let head = groups(halves[0], mayEndInV4: halves.count == 1) else { return false }
        guard halves.count == 2 else { return head == 8 }
        guard let tail = groups(halves[1], mayEndInV4: true) else { return false }
        return head + tail < 8
    }

    /// How many 16-bit groups the text has; nil if one is wrong.
    private static func groups(_ text: Substring, mayEndInV4: Bool) -> Int? {
        if text.isEmpty { return 0 }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (number, part) in parts.enumerated() {
            if mayEndInV4, number == parts.count - 1, part.contains(".") {
                guard isV4(String(part)) else { return nil }
                count += 2
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ $0.hexDigitValue != nil }) else {
                    return nil
                }
                count += 1
            }
        }
        return count
    }

    private static func split(_ text: String, at separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = text[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
