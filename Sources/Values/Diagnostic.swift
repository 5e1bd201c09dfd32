/// One finding about a file: what is wrong, where, and what to do.
package struct Diagnostic: Sendable, Hashable, Error {
    package enum Severity: String, Sendable, Hashable { case error, warning }

    package var severity: Severity
    /// A stable word for the kind of finding, in kebab case: `unknown-contract`, `unsupported-element`.
    package var code: String
    /// The file as the user named it; empty until the reader of the file fills it in.
    package var file: String
    package var position: SourcePosition
    /// The BPMN element id, or the path of the field in a contract (`input.properties.preset`).
    package var element: String?
    /// What the modeler called the element.
    package var elementName: String?
    package var message: String
    package var suggestion: String?

    package init(
        severity: Severity = .error, code: String, file: String = "",
        position: SourcePosition = SourcePosition(line: 0, column: 0),
        element: String? = nil, elementName: String? = nil, message: String, suggestion: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.file = file
        self.position = position
        self.element = element
        self.elementName = elementName
        self.message = message
        self.suggestion = suggestion
    }
}

/// What a reader of a file throws: everything wrong with it, at least one error.
package struct Diagnostics: Sendable, Hashable, Error {
    package var all: [Diagnostic]

    package init(_ all: [Diagnostic]) {
        self.all = all
    }

    package init(_ one: Diagnostic) {
        self.all = [one]
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:12:5: error: message [code] (element Task_1 "Look at it"); suggestion`.
    package var description: String {
        var place = file
        if position.line > 0 { place += "\(place.isEmpty ? "line " : ":")\(position.line):\(position.column)" }
        var text = place.isEmpty ? "" : "\(place): "
        text += "\(severity.rawValue): \(message) [\(code)]"
        if let element { text += " (element \(element)\(elementName.map { " \"\($0)\"" } ?? ""))" }
        if let suggestion { text += "; \(suggestion)" }
        return text
    }
}

extension Diagnostics: CustomStringConvertible {
    package var description: String { all.map(\.description).joined(separator: "\n") }
}
