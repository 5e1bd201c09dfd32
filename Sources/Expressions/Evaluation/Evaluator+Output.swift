import OrderedCollections
package import Values

/// Values as JSON and as text, charged as they are written: values can share parts and be far larger than what they
/// occupy.
extension Evaluator {
    /// Temporal values become ISO 8601 strings, ranges FEEL text, functions null.
    mutating func json(of value: Datum, at offset: Int) throws(Fault) -> JSON {
        var writer = JSONWriter()
        try write(value, to: &writer, at: offset)
        return writer.finish()
    }

    /// The value as JSON, for hosts.
    package mutating func json(of value: Datum) throws(ExpressionError) -> JSON {
        do throws(Fault) {
            return try json(of: value, at: 0)
        } catch {
            throw error.located(in: source)
        }
    }

    /// FEEL's `=`: nil where the values cannot be compared.
    package mutating func isEqual(_ left: Datum, _ right: Datum) throws(ExpressionError) -> Bool? {
        do throws(Fault) {
            return try isEqual(left, right, at: 0)
        } catch {
            throw error.located(in: source)
        }
    }

    private mutating func write(_ value: Datum, to writer: inout JSONWriter, at offset: Int) throws(Fault) {
        try charge(1, offset: offset)
        switch value {
        case .null, .function: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let number): writer.number(number)
        case .string(let string): writer.string(string)
        case .list(let items):
            writer.beginArray()
            for item in items { try write(item, to: &writer, at: offset) }
            writer.endArray()
        case .context(let members):
            writer.beginObject()
            for (name, member) in members {
                writer.key(name)
                try write(member, to: &writer, at: offset)
            }
            writer.endObject()
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration:
            writer.string(value.temporalText ?? "")
        case .range:
            writer.string(try text(of: value, at: offset) ?? "")
        }
        guard writer.bytes.count <= limits.maxResultBytes else {
            throw Fault(.limit, "the result has more than \(limits.maxResultBytes) bytes", at: offset)
        }
    }

    /// FEEL's `string()`, and what JUEL puts into text: FEEL writes lists and contexts its way, JUEL as JSON. Nil for
    /// null.
    mutating func text(of value: Datum, at offset: Int) throws(Fault) -> String? {
        switch value {
        case .null: return nil
        case .string(let string): return string
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration: return value.temporalText
        case .list, .context, .bool, .number, .range, .function:
            if language == .juel { return try json(of: value, at: offset).text }
            var text = ""
            try append(value, to: &text, at: offset)
            return text
        }
    }

    private mutating func append(_ value: Datum, to text: inout String, at offset: Int) throws(Fault) {
        try charge(1, offset: offset)
        switch value {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let number): text += number.description
        case .string(let string): text += Evaluator.quoted(string)
        case .list(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += ", " }
                try append(item, to: &text, at: offset)
            }
            text += "]"
        case .context(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                text += (index > 0 ? ", " : "") + Evaluator.key(member.key) + ": "
                try append(member.value, to: &text, at: offset)
            }
            text += "}"
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration: text += value.temporalText ?? ""
        case .range(let range):
            text += range.startIncluded ? "[" : "("
            if let start = range.start { try append(start, to: &text, at: offset) }
            text += ".."
            if let end = range.end { try append(end, to: &text, at: offset) }
            text += range.endIncluded ? "]" : ")"
        case .function: text += "function"
        }
        try checkSize(of: .string(text), at: offset)
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }

    /// A key as a name where it is one.
    private static func key(_ key: String) -> String {
        let words = key.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
        let isName =
            words.first?.first?.startsFEELName == true
            && words.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.continuesFEELName) }
        return isName ? key : quoted(key)
    }
}
