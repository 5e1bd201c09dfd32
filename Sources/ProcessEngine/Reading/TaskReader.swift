import Expressions
import Values

/// Reads which contract a service task asks for. Three ways, the first that is there counts; two that differ are an
/// error:
///
/// - `waybill:contract="media.transcode@2"`
/// - `camunda:type="external" camunda:topic="media.transcode@2"`, `camunda:taskPriority`
/// - `<zeebe:taskDefinition type="media.transcode@2" retries="3"/>`, `<zeebe:priorityDefinition priority="5"/>`
///
/// A topic may be JUEL, and a type FEEL after `=`. Else the text is `name@major` or `name@major.minor` (the newest minor is always the one that counts); a bare `name` is
/// major 1 of that contract.
enum TaskReader {
    struct Work {
        var name: ServiceTask.Work
        /// The minor version that the model names, if it names one.
        var minor: Int?
        var retries: Expression?
        var priority: Expression?
    }

    /// Whether a task or message event is to be done by an agent.
    static func namesContract(_ node: SourceNode) -> Bool {
        attributes(of: node).attribute("contract", namespace: BPMN.waybill) != nil
            || node.attribute("contract", namespace: BPMN.waybill) != nil
            || attributes(of: node).attribute("type", namespace: BPMN.camunda) == "external"
            || !node.extensions(named: "taskDefinition", namespace: BPMN.zeebe).isEmpty
    }

    /// Camunda's attributes of a message event are those of its event definition.
    private static func attributes(of node: SourceNode) -> SourceNode {
        node.firstChild(named: "messageEventDefinition", namespace: BPMN.namespace) ?? node
    }

    /// Reports code that would run inside the engine; false if there is none.
    static func reportsHostCode(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> Bool {
        for name in ["class", "expression", "delegateExpression"]
        where node.attribute(name, namespace: BPMN.camunda) != nil {
            reader.reportHostCode(
                node, element: element, "camunda:\(name)",
                "name a contract: waybill:contract=\"…\", or camunda:type=\"external\" and camunda:topic=\"…\"")
            return true
        }
        if let type = node.attribute("type", namespace: BPMN.camunda), ["mail", "shell"].contains(type) {
            reader.reportHostCode(node, element: element, "camunda:type=\"\(type)\"", "let an agent do it")
            return true
        }
        return false
    }

    static func read(_ task: SourceNode, element: ElementID, reader: inout DefinitionReader) -> Work? {
        let node = attributes(of: task)
        if reportsHostCode(node, element: element, reader: &reader) { return nil }
        let definitions = task.extensions(named: "taskDefinition", namespace: BPMN.zeebe)
        var names: [String] = []
        let ours =
            task.attribute("contract", namespace: BPMN.waybill)
            ?? node.attribute("contract", namespace: BPMN.waybill)
        if let name = ours { names.append(name) }
        let type = node.attribute("type", namespace: BPMN.camunda)
        if type == "external" { names.append(node.attribute("topic", namespace: BPMN.camunda) ?? "") }
        // Models made for both Camunda engines name both; the first counts.
        if names.isEmpty || ours != nil { names += definitions.map { $0.attribute("type") ?? "" } }
        guard let name = names.first else {
            reader.report(
                "no-contract", node, element: element,
                type.map { "camunda:type=\"\($0)\" is not supported" } ?? "the service task names no contract",
                "set waybill:contract=\"name@major\"")
            return nil
        }
        let retries = retries(definitions.first, element: element, reader: &reader)
        let priority = priority(task, element: element, reader: &reader)
        if ours == nil, name.hasPrefix("=") || name.contains("${") || name.contains("#{") {
            guard let expression = reader.valueExpression(name, node: node, element: element) else { return nil }
            return Work(name: .computed(expression), minor: nil, retries: retries, priority: priority)
        }
        guard let contract = contract(name), names.allSatisfy({ Self.contract($0) == contract }) else {
            reader.report(
                "invalid-contract", node, element: element,
                names.allSatisfy { $0 == name }
                    ? "\"\(name)\" is not a contract name" : "the task names several contracts: \(names)",
                "write it as name@major, for example media.transcode@2")
            return nil
        }
        return Work(name: .contract(contract), minor: Self.minor(name), retries: retries, priority: priority)
    }

    /// `name`, `name@2` or `name@2.1`; at most 200 bytes, so that it fits a queue's name, and no white space or
    /// control.
    static func contract(_ text: String) -> ContractKey? {
        guard !text.isEmpty, text.utf8.count <= 200, !text.hasPrefix("="), !text.contains("${"), !text.contains("#{"),
            !text.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        guard let at = text.lastIndex(of: "@") else { return ContractKey(name: text, major: 1) }
        let version = text[text.index(after: at)...].split(separator: ".", omittingEmptySubsequences: false)
        let numbers = version.compactMap { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        guard at > text.startIndex, numbers.count == version.count, (1...2).contains(numbers.count) else { return nil }
        return ContractKey(name: String(text[..<at]), major: numbers[0])
    }

    /// Of a text that names a contract.
    private static func minor(_ text: String) -> Int? {
        let version = text.lastIndex(of: "@").map { text[text.index(after: $0)...].split(separator: ".") } ?? []
        return version.count == 2 ? Int(version[1]) : nil
    }

    /// The texts that a model gives along, by name, in the order of the file; the first of a name counts.
    static func properties(of node: SourceNode) -> [Variable] {
        let places = [
            (BPMN.camunda, "properties", "property", "name"), (BPMN.zeebe, "taskHeaders", "header", "key"),
            (BPMN.zeebe, "properties", "property", "name"),
        ]
        var found: [Variable] = []
        for (namespace, list, item, key) in places {
            for property in node.extensions(named: list, namespace: namespace).flatMap(\.children)
            where property.namespace == namespace && property.name == item {
                guard let name = property.attribute(key), !found.contains(where: { $0.name == name }) else { continue }
                found.append(Variable(name: name, value: .string(property.attribute("value") ?? "")))
            }
        }
        return found
    }

    private static func retries(
        _ definition: SourceNode?, element: ElementID, reader: inout DefinitionReader
    ) -> Expression? {
        guard let definition, let text = definition.attribute("retries"), !text.isEmpty else { return nil }
        let digits = text.first == "=" ? String(text.dropFirst()).trimmed : text
        if let number = Int(digits), number > 0 { return .constant(.number(number)) }
        let computed = text.first == "=" ? reader.valueExpression(text, node: definition, element: element) : nil
        if let computed, computed.constantValue == nil, Int(digits) == nil { return computed }
        reader.report(
            "invalid-retries", definition, element: element, "retries is \"\(text)\", not a whole number above 0",
            "write a number, or FEEL after =, or leave it to the contract")
        return nil
    }

    private static func priority(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> Expression?
    {
        var text = node.attribute("taskPriority", namespace: BPMN.camunda)
        for name in ["priorityDefinition", "jobPriorityDefinition"] where text == nil {
            text = node.extensions(named: name, namespace: BPMN.zeebe).first?.attribute("priority")
        }
        guard let text, !text.isEmpty else { return nil }
        return reader.valueExpression(text, node: node, element: element)
    }
}
