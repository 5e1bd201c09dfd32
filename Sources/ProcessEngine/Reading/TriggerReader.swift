import Expressions
import Values

/// Reads what catching events wait for.
enum TriggerReader {
    struct Triggers {
        var all: [EventTrigger]
        /// All have to come, not one of them.
        var isParallel: Bool
    }

    private static let kinds: Set<String> = [
        "timerEventDefinition", "messageEventDefinition", "signalEventDefinition", "conditionalEventDefinition",
    ]

    /// Whether all definitions are of kinds that an event can wait for.
    static func describes(_ eventDefinitions: [String]) -> Bool {
        !eventDefinitions.isEmpty && eventDefinitions.allSatisfy { kinds.contains($0) }
    }

    static func read(
        _ node: SourceNode, element: ElementID, allowsCycle: Bool, reader: inout DefinitionReader
    ) -> Triggers? {
        var all: [EventTrigger] = []
        for definition in reader.eventDefinitions(of: node) {
            let trigger: EventTrigger?
            switch definition.name {
            case "timerEventDefinition":
                trigger = TimerTrigger(
                    reading: definition, element: element, allowsCycle: allowsCycle, reader: &reader
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
            default: trigger = nil
            }
            guard let trigger else { return nil }
            all.append(trigger)
        }
        return Triggers(all: all, isParallel: node.attribute("parallelMultiple") == "true" && all.count > 1)
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
        let variable = definition.attribute("variableName", namespace: BPMN.camunda)
        let changes = definition.attribute("variableEvents", namespace: BPMN.camunda)?.split(separator: ",")
        return ConditionTrigger(
            condition: condition, variable: variable, changes: changes?.map { String($0).trimmed } ?? [])
    }
}

/// Reads what throwing events throw.
enum ThrowReader {
    private static let kinds: Set<String> = [
        "messageEventDefinition", "signalEventDefinition", "escalationEventDefinition", "compensateEventDefinition",
    ]

    static func describes(_ eventDefinitions: [String]) -> Bool {
        eventDefinitions.allSatisfy { kinds.contains($0) }
    }

    static func read(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> [EventThrow] {
        var thrown: [EventThrow] = []
        for definition in reader.eventDefinitions(of: node) {
            switch definition.name {
            case "messageEventDefinition":
                if let text = definition.attribute("expression", namespace: BPMN.camunda) {
                    if let expression = reader.valueExpression(text, node: definition, element: element) {
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
                thrown.append(.escalation(code: reader.escalationCode(of: definition, in: element)))
            case "compensateEventDefinition":
                let reference = definition.attribute("activityRef").flatMap { $0.isEmpty ? nil : ElementID($0) }
                thrown.append(.compensation(of: reference))
            default: continue  // `describes` lets no other kind through.
            }
        }
        return thrown
    }

    static func message(
        of node: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> MessageThrow? {
        let hostCode = ["class", "delegateExpression"].contains { node.attribute($0, namespace: BPMN.camunda) != nil }
        guard !hostCode, let message = reader.message(of: node, in: element) else { return nil }
        let variables = PassedVariablesReader.read("in", of: node, element: element, reader: &reader)
        return MessageThrow(name: message.name, correlationKey: message.correlationKey, variables: variables)
    }
}
