package import Values

/// `bpmn:startEvent` with `bpmn:errorEventDefinition`: begins an event subprocess when a BPMN error is thrown beside it.
package struct ErrorStartEvent: StartElement, CodeCatcher {
    package static let tag = "startEvent"
    package static let eventDefinition: String? = "errorEventDefinition"
    package let id: ElementID
    package let match: ErrorMatcher
    package var errors: [ErrorMatcher] { [match] }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let match = ErrorMatcher(in: node, element: id, reader: &reader) else { return nil }
        self.id = id
        self.match = match
    }
}
