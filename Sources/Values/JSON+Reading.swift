// Looking inside without validating again: a member or element is split off by finding where it ends.

extension JSON {
    package var isObject: Bool { storage.first == ASCII.openBrace }
    package var isArray: Bool { storage.first == ASCII.openBracket }
    package var isString: Bool { storage.first == ASCII.quote }
    package var isNull: Bool { storage.first == UInt8(ascii: "n") }
    package var isBool: Bool { storage.first == UInt8(ascii: "t") || storage.first == UInt8(ascii: "f") }
    package var isNumber: Bool { storage.first.map { $0 == ASCII.minus || ASCII.isDigit($0) } ?? false }

    /// The members of an object in the order of the text; nil for anything else.
    package func members() -> [(name: String, value: JSON)]? {
        guard isObject else { return nil }
        var members: [(name: String, value: JSON)] = []
        var position = 1
        let bytes = storage.span
        while let member = Self.nextMember(bytes, at: &position) {
            members.append((JSONText.string(bytes, in: member.name), part(member.value)))
        }
        return members
    }

    /// The elements of an array; nil for anything else.
    package func elements() -> [JSON]? {
        guard isArray else { return nil }
        var elements: [JSON] = []
        var position = 1
        let bytes = storage.span
        while let element = Self.nextElement(bytes, at: &position) { elements.append(part(element)) }
        return elements
    }

    /// The member of an object; nil for what is not an object or has no such member.
    package subscript(name: String) -> JSON? {
        guard isObject else { return nil }
        var name = name
        return name.withUTF8 { utf8 in
            var position = 1
            let bytes = storage.span
            while let member = Self.nextMember(bytes, at: &position) {
                if Self.isName(utf8, bytes, in: member.name) { return part(member.value) }
            }
            return nil
        }
    }

    package var stringValue: String? {
        isString ? JSONText.string(storage.span, in: 1..<storage.count - 1) : nil
    }

    /// The number, if it is whole and fits: `1`, `1.0` and `1e2` are, `1.5` is not.
    package var intValue: Int? {
        guard isNumber else { return nil }
        return Int(text) ?? numberValue?.intValue
    }

    /// The nearest double; nil if that would be infinite.
    package var doubleValue: Double? {
        guard isNumber, let double = Double(text), double.isFinite else { return nil }
        return double
    }

    /// The nearest decimal, saturated to the range of decimals.
    package var numberValue: Decimal128? {
        isNumber ? Decimal128(saturating: storage.span) : nil
    }

    package var boolValue: Bool? {
        isBool ? storage.first == UInt8(ascii: "t") : nil
    }

    private func part(_ range: Range<Int>) -> JSON {
        JSON(trusting: storage[storage.startIndex + range.lowerBound..<storage.startIndex + range.upperBound])
    }

    /// `position` is behind the brace or behind the last member. The name comes without quotes.
    private static func nextMember(
        _ bytes: Span<UInt8>, at position: inout Int
    ) -> (name: Range<Int>, value: Range<Int>)? {
        guard let name = nextElement(bytes, at: &position) else { return nil }
        let colon = JSONText.skipWhiteSpace(bytes, from: name.upperBound)
        let start = JSONText.skipWhiteSpace(bytes, from: colon + 1)
        position = JSONText.endOfValue(bytes, from: start)
        return (name.lowerBound + 1..<name.upperBound - 1, start..<position)
    }

    /// `position` is behind the bracket or behind the last element.
    private static func nextElement(_ bytes: Span<UInt8>, at position: inout Int) -> Range<Int>? {
        var start = JSONText.skipWhiteSpace(bytes, from: position)
        if bytes[start] == ASCII.closeBrace || bytes[start] == ASCII.closeBracket { return nil }
        if bytes[start] == ASCII.comma { start = JSONText.skipWhiteSpace(bytes, from: start + 1) }
        position = JSONText.endOfValue(bytes, from: start)
        return start..<position
    }

    /// Names without escapes are equal where their bytes are.
    private static func isName(
        _ name: UnsafeBufferPointer<UInt8>, _ bytes: Span<UInt8>, in range: Range<Int>
    ) -> Bool {
        let isPlain = range.allSatisfy { bytes[$0] < 0x80 && bytes[$0] != ASCII.backslash }
        guard isPlain else { return JSONText.string(bytes, in: range).utf8.elementsEqual(name) }
        return name.count == range.count && name.indices.allSatisfy { name[$0] == bytes[range.lowerBound + $0] }
    }
}
