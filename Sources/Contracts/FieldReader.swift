package import OrderedCollections
package import Values

/// Reads the fields of a located value and keeps every problem it meets, so that a person sees them all at once.
///
/// Each method answers nil (or what is left) where it has reported a problem; a field's absence is no problem unless it is
/// `required`.
package struct FieldReader {
    package let source: LocatedValue
    package private(set) var diagnostics: [Diagnostic] = []

    package init(_ source: LocatedValue) {
        self.source = source
    }

    /// The members of one object, and where it stands.
    package struct Fields {
        package let pointer: String
        package let members: OrderedDictionary<String, Value>

        package func pointer(to name: String) -> String { JSONPointer.appending(name, to: pointer) }
        package func has(_ name: String) -> Bool { members[name] != nil }
    }

    package mutating func report(_ code: String, at pointer: String, _ message: String, suggestion: String? = nil) {
        let element = JSONPointer.dotted(pointer)
        diagnostics.append(
            Diagnostic(
                code: code, file: source.file, position: source.position(of: pointer),
                element: element.isEmpty ? nil : element,
                message: message, suggestion: suggestion))
    }

    /// The object's members; those not known are reported.
    package mutating func fields(of value: Value, at pointer: String, known: [String]) -> Fields? {
        guard let members = value.objectValue else {
            let place = JSONPointer.dotted(pointer)
            report(
                "wrong-type", at: pointer,
                "\(place.isEmpty ? "the file" : place) must be a mapping, not \(value.kindName)")
            return nil
        }
        let fields = Fields(pointer: pointer, members: members)
        for name in members.keys where !known.contains(name) {
            report(
                "unknown-field", at: fields.pointer(to: name), "there is no field \"\(name.prefix(100))\"",
                suggestion: Spelling.suggestion(for: name, among: known))
        }
        return fields
    }

    package mutating func required(_ name: String, in fields: Fields) -> Value? {
        if let value = fields.members[name] { return value }
        report("missing-field", at: fields.pointer, "the field \"\(name)\" is missing")
        return nil
    }

    package mutating func string(_ name: String, in fields: Fields, required isRequired: Bool = false) -> String? {
        guard let value = isRequired ? required(name, in: fields) : fields.members[name] else { return nil }
        return string(value, at: fields.pointer(to: name))
    }

    /// A text that is not empty.
    package mutating func string(_ value: Value, at pointer: String) -> String? {
        guard let text = value.stringValue else {
            let hint = value.numberValue == nil && value.boolValue == nil ? nil : "put it in quotes"
            report(
                "wrong-type", at: pointer, "\(JSONPointer.dotted(pointer)) must be text, not \(value.kindName)",
                suggestion: hint)
            return nil
        }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            report("invalid-value", at: pointer, "\(JSONPointer.dotted(pointer)) is empty")
            return nil
        }
        return text
    }

    package mutating func bool(_ name: String, in fields: Fields) -> Bool? {
        guard let value = fields.members[name] else { return nil }
        if let bool = value.boolValue { return bool }
        report("wrong-type", at: fields.pointer(to: name), "\(name) must be true or false, not \(value.kindName)")
        return nil
    }

    package mutating func integer(_ name: String, in fields: Fields, within range: ClosedRange<Int>) -> Int? {
        guard let value = fields.members[name] else { return nil }
        if let integer = value.intValue, range.contains(integer) { return integer }
        report(
            "invalid-value", at: fields.pointer(to: name),
            "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    package mutating func number(_ name: String, in fields: Fields, within range: ClosedRange<Double>) -> Double? {
        guard let value = fields.members[name] else { return nil }
        if let number = value.doubleValue, range.contains(number) { return number }
        report(
            "invalid-value", at: fields.pointer(to: name),
            "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    /// An ISO 8601 duration above zero (or from zero) up to a year, without months.
    package mutating func duration(_ name: String, in fields: Fields, allowingZero: Bool = false) -> Duration? {
        guard let value = fields.members[name] else { return nil }
        let pointer = fields.pointer(to: name)
        guard let text = value.stringValue, let calendar = CalendarDuration(iso8601: text) else {
            report(
                "invalid-duration", at: pointer, "\(name) must be an ISO 8601 duration",
                suggestion: "write PT30S, PT10M or P1D")
            return nil
        }
        guard let duration = calendar.duration else {
            report("invalid-duration", at: pointer, "\(name) must not have months or years, whose length varies")
            return nil
        }
        guard duration > .zero || (allowingZero && duration == .zero), duration <= .seconds(366 * 86400) else {
            report("invalid-duration", at: pointer, "\(name) must be above zero and at most P366D")
            return nil
        }
        guard duration == .milliseconds(duration.milliseconds) else {
            report("invalid-duration", at: pointer, "\(name) must be in whole milliseconds")
            return nil
        }
        return duration
    }

    /// The elements of a list with their pointers; empty if the field is absent.
    package mutating func list(_ name: String, in fields: Fields) -> [(pointer: String, value: Value)] {
        guard let value = fields.members[name] else { return [] }
        let pointer = fields.pointer(to: name)
        guard let list = value.listValue else {
            report("wrong-type", at: pointer, "\(name) must be a list, not \(value.kindName)")
            return []
        }
        return list.enumerated().map { (JSONPointer.appending(String($0.offset), to: pointer), $0.element) }
    }

    /// A list of texts, each once.
    package mutating func strings(_ name: String, in fields: Fields) -> [String] {
        var texts: [String] = []
        for (pointer, value) in list(name, in: fields) {
            guard let text = string(value, at: pointer) else { continue }
            if texts.contains(text) {
                report("duplicate", at: pointer, "\(name) has \"\(text)\" twice")
            } else {
                texts.append(text)
            }
        }
        return texts
    }
}

extension Value {
    /// What it is, as a person says it.
    package var kindName: String {
        switch self {
        case .null: "nothing"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "text"
        case .list: "a list"
        case .object: "an object"
        }
    }
}
