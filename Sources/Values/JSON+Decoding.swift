import OrderedCollections

extension JSON {
    /// The value. Numbers become the nearest decimal, saturated to the range of decimals; everything else is exact.
    package func decoded() -> Value {
        let bytes = storage.span
        var open: [OpenContainer] = []
        var position = 0
        while true {
            position = JSONText.skipWhiteSpace(bytes, from: position)
            var value: Value
            switch bytes[position] {
            case ASCII.openBrace, ASCII.openBracket:
                open.append(OpenContainer(isObject: bytes[position] == ASCII.openBrace))
                position = JSONText.skipWhiteSpace(bytes, from: position + 1)
                guard bytes[position] == ASCII.closeBrace || bytes[position] == ASCII.closeBracket else {
                    open[open.count - 1].readName(bytes, at: &position)
                    continue
                }
                position += 1
                value = open.removeLast().value
            default:
                let end = JSONText.endOfValue(bytes, from: position)
                value = Self.scalar(bytes, in: position..<end)
                position = end
            }
            while let last = open.indices.last {
                open[last].append(value)
                position = JSONText.skipWhiteSpace(bytes, from: position)
                let separator = bytes[position]
                position += 1
                if separator == ASCII.comma {
                    open[last].readName(bytes, at: &position)
                    break
                }
                value = open.removeLast().value
            }
            if open.isEmpty { return value }
        }
    }

    private static func scalar(_ bytes: Span<UInt8>, in range: Range<Int>) -> Value {
        switch bytes[range.lowerBound] {
        case ASCII.quote: .string(JSONText.string(bytes, in: range.lowerBound + 1..<range.upperBound - 1))
        case UInt8(ascii: "t"): .bool(true)
        case UInt8(ascii: "f"): .bool(false)
        case UInt8(ascii: "n"): .null
        default: .number(Decimal128(saturating: bytes.extracting(range)))
        }
    }

    /// An array or object whose end has not been read yet.
    private struct OpenContainer {
        let isObject: Bool
        var list: [Value] = []
        var members: OrderedDictionary<String, Value> = [:]
        /// Of the member being read.
        var name = ""

        init(isObject: Bool) {
            self.isObject = isObject
        }

        var value: Value { isObject ? .object(members) : .list(list) }

        mutating func append(_ value: Value) {
            if isObject { members[name] = value } else { list.append(value) }
        }

        /// In an object: the name of the next member and its colon.
        mutating func readName(_ bytes: Span<UInt8>, at position: inout Int) {
            guard isObject else { return }
            let start = JSONText.skipWhiteSpace(bytes, from: position)
            let end = JSONText.endOfString(bytes, from: start)
            name = JSONText.string(bytes, in: start + 1..<end - 1)
            position = JSONText.skipWhiteSpace(bytes, from: end) + 1
        }
    }
}
