import Values

/// An exact code is preferred to a catch-all.
package enum CodeMatch: Sendable, Hashable { case exact, any }

/// A boundary event or the start of an event subprocess that catches what is thrown by a code.
package protocol CodeCatcher: FlowElement {
    var errors: [ErrorMatcher] { get }
    var escalations: [EscalationMatcher] { get }
    var isInterrupting: Bool { get }
}

extension CodeCatcher {
    package var errors: [ErrorMatcher] { [] }
    package var escalations: [EscalationMatcher] { [] }

    package func match(of error: String) -> ErrorMatcher? {
        errors.first { $0.matches(error) == .exact } ?? errors.first { $0.matches(error) == .any }
    }

    func match(ofEscalation code: String?) -> EscalationMatcher? {
        escalations.first { $0.matches(code) == .exact } ?? escalations.first { $0.matches(code) == .any }
    }
}

/// Which BPMN errors an event catches, and where their code and message go.
package struct ErrorMatcher: Sendable, Hashable {
    /// Nil catches every error.
    package let code: String?
    package let codeVariable: String?
    package let messageVariable: String?

    init?(in node: SourceNode, element: ElementID, reader: inout DefinitionReader) {
        guard let definition = node.firstChild(named: "errorEventDefinition", namespace: BPMN.namespace) else {
            return nil
        }
        self.init(reading: definition, element: element, reader: &reader)
    }

    init(reading definition: SourceNode, element: ElementID, reader: inout DefinitionReader) {
        code = reader.error(of: definition, in: element)?.code
        codeVariable = definition.attribute("errorCodeVariable", namespace: BPMN.camunda)
        messageVariable = definition.attribute("errorMessageVariable", namespace: BPMN.camunda)
    }

    /// How well it catches an error; nil: not at all.
    func matches(_ thrown: String) -> CodeMatch? {
        guard let code else { return .any }
        return code == thrown ? .exact : nil
    }

    func variables(of error: BPMNError) -> [Variable] {
        var variables: [Variable] = []
        if let codeVariable { variables.append(Variable(name: codeVariable, value: .string(error.code))) }
        if let messageVariable {
            variables.append(Variable(name: messageVariable, value: error.message.map { .string($0) } ?? .null))
        }
        return variables
    }
}

/// Which escalations an event catches, and where their code goes.
package struct EscalationMatcher: Sendable, Hashable {
    /// Nil catches every escalation.
    package let code: String?
    package let codeVariable: String?

    init?(in node: SourceNode, element: ElementID, reader: inout DefinitionReader) {
        guard let definition = node.firstChild(named: "escalationEventDefinition", namespace: BPMN.namespace) else {
            return nil
        }
        self.init(reading: definition, element: element, reader: &reader)
    }

    init(reading definition: SourceNode, element: ElementID, reader: inout DefinitionReader) {
        code = reader.escalationCode(of: definition, in: element)
        codeVariable = definition.attribute("escalationCodeVariable", namespace: BPMN.camunda)
    }

    func matches(_ thrown: String?) -> CodeMatch? {
        guard let code else { return .any }
        return code == thrown ? .exact : nil
    }

    func variables(of code: String?) -> [Variable] {
        codeVariable.map { [Variable(name: $0, value: code.map { .string($0) } ?? .null)] } ?? []
    }
}
