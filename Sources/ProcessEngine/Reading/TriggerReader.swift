import Expressions
import Values

/// Reads what catching events wait for.
enum TriggerReader {
    struct Triggers {
        var all: [EventTrigger]
        /// All have to come, not one of them.
        var isParallel: Bool
        var errors: [ErrorMatcher] = []
        var escalations: [EscalationMatcher] = []
    }

    private static let kinds: Set<String> = [
        "timerEventDefinition", "messageEventDefinition", "signalEventDefinition", "conditionalEventDefinition",
    ]

    /// Whether all definitions are of kinds that an event can wait for.
    static func describes(_ eventDefinitions: [String], withCodes: Bool = false) -> Bool {
        if withCodes, eventDefinitions.count > 1 {
            return eventDefinitions.allSatisfy { kinds.contains($0) || codes.contains($0) }
        }
        return !eventDefinitions.isEmpty && eventDefinitions.allSatisfy { kinds.contains($0) }
    }

    /// What does not wait, but catches.
    private static let codes: Set<String> = ["errorEventDefinition", "escalationEventDefinition"]

    static func read(
        _ node: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> Triggers? {
        var all: [EventTrigger] = []
        var errors: [ErrorMatcher] = []
        var escalations: [EscalationMatcher] = []
        for definition in reader.eventDefinitions(of: node) {
            let trigger: EventTrigger?
            switch definition.name {
            case "timerEventDefinition":
                trigger = TimerTrigger(
                    reading: definition, element: element, reader: &reader
                ).map { .timer($0) }
            case "messageEventDefinition":
                trigger = message(of: definition, element: element, reader: &reader)
                    .map { .message($0) }
                if trigger == nil {
                    reader.report(
                        "missing-reference", definition, element: element, "the event names no message",
                        "set messageRef")
                }
            case "signalEventDefinition":
                trigger = reader.signalName(of: definition, in: element).map { .signal(name: $0) }
            case "conditionalEventDefinition":
                trigger = condition(definition, element: element, reader: &reader).map { .condition($0) }
            case "errorEventDefinition":
                errors.append(ErrorMatcher(reading: definition, element: element, reader: &reader))
                continue
            case "escalationEventDefinition":
                escalations.append(EscalationMatcher(reading: definition, element: element, reader: &reader))
                continue
            default: trigger = nil
            }
            guard let trigger else { return nil }
            all.append(trigger)
        }
        let isParallel = node.attribute("parallelMultiple") == "true"
        guard !isParallel || errors.isEmpty && escalations.isEmpty else {
            reader.reportUnsupported(
                node, element: element, "a parallel multiple event with an error or escalation",
                "give the error or escalation an event of its own")
            return nil
        }
        return Triggers(all: all, isParallel: isParallel && all.count > 1, errors: errors, escalations: escalations)
    }

    /// The message of a receive task or an event definition; nil without one.
    static func message(
        of task: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> MessageTrigger? {
        guard let message = reader.message(of: task, in: element) else { return nil }
        return MessageTrigger(name: message.name, correlationKey: message.correlationKey)
    }

    private static func condition(
        _ definition: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> ConditionTrigger? {
        guard let node = definition.firstChild(named: "condition", namespace: BPMN.namespace) else {
            reader.report(
                "invalid-condition", definition, element: element, "the conditional event has no condition",
                "write <condition>= a > b</condition>")
            return nil
        }
        guard let condition = reader.condition(node, element: element) else { return nil }
        let filter = definition.extensions(named: "conditionalFilter", namespace: BPMN.zeebe).first
        func names(_ text: String?) -> [String] {
            (text ?? "").split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        }
        let variable = definition.attribute("variableName", namespace: BPMN.camunda).map { [$0] }
        let changes = definition.attribute("variableEvents", namespace: BPMN.camunda)
        return ConditionTrigger(
            condition: condition, variables: variable ?? names(filter?.attribute("variableNames")),
            changes: names(changes ?? filter?.attribute("variableEvents")))
    }
}

/// Reads what throwing events throw.
enum ThrowReader {
    private static let kinds: Set<String> = [
        "messageEventDefinition", "signalEventDefinition", "escalationEventDefinition", "compensateEventDefinition",
    ]

    /// An end event that throws several things may end its scope with the last of them.
    static func describes(_ eventDefinitions: [String], atEnd: Bool) -> Bool {
        eventDefinitions.allSatisfy {
            kinds.contains($0) || atEnd && eventDefinitions.count > 1 && endings.contains($0)
        }
    }

    private static let endings: Set<String> = [
        "errorEventDefinition", "terminateEventDefinition", "cancelEventDefinition",
    ]

    /// How the end event ends its scope: an error before a cancel, that before a termination. Nil: not at all.
    static func ending(of node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> ThrowEvent.Ending? {
        let definitions = reader.eventDefinitions(of: node)
        if let definition = definitions.first(where: { $0.name == "errorEventDefinition" }) {
            guard let error = ErrorEndEvent(definition, of: element, reader: &reader) else { return nil }
            return .error(error)
        }
        let names = definitions.map(\.name)
        if names.contains("cancelEventDefinition") { return .cancel }
        return names.contains("terminateEventDefinition") ? .terminate : nil
    }

    static func read(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> [EventThrow] {
        var thrown: [EventThrow] = []
        for definition in reader.eventDefinitions(of: node) {
            switch definition.name {
            case "messageEventDefinition":
                if let text = definition.attribute("expression", namespace: BPMN.camunda) {
                    let work = reader.valueExpression(text, node: definition, element: element, mayChange: true)
                    if let expression = work {
                        thrown.append(.expression(expression))
                    }
                } else if let message = message(of: definition, element: element, reader: &reader) {
                    thrown.append(.message(message))
                } else if !TaskReader.reportsHostCode(definition, element: element, reader: &reader) {
                    reader.warn(
                        "throws-nothing", definition, element: element, "the event names no message and throws nothing",
                        "set messageRef")
                }
            case "signalEventDefinition":
                guard let name = reader.signalName(of: definition, in: element) else { continue }
                let variables = PassedVariablesReader.read("in", of: definition, element: element, reader: &reader)
                thrown.append(.signal(name: name, variables: variables))
            case "escalationEventDefinition":
                let code = reader.escalationCode(of: definition, in: element, isThrown: true)
                let expression = code.flatMap { reader.codeExpression($0, definition, of: element) }
                if code == nil || expression != nil { thrown.append(.escalation(code: expression)) }
            case "compensateEventDefinition":
                let reference = definition.attribute("activityRef").flatMap { $0.isEmpty ? nil : ElementID($0) }
                let waits = definition.attribute("waitForCompletion") != "false"
                thrown.append(.compensation(of: reference, waits: waits))
            default: continue  // `describes` lets no other kind through.
            }
        }
        return thrown
    }

    static func message(
        of node: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> MessageThrow? {
        let hostCode = ["class", "delegateExpression"].contains { node.attribute($0, namespace: BPMN.camunda) != nil }
        guard !hostCode, let message = reader.message(of: node, in: element, isThrown: true) else { return nil }
        let variables = PassedVariablesReader.read("in", of: node, element: element, reader: &reader)
        return MessageThrow(name: message.name, correlationKey: message.correlationKey, variables: variables)
    }
}
