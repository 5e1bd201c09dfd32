import Expressions
import Values

/// Reads how variables become an activity's input, and its output variables. In the order of the file, from any of:
///
/// - ours, in FEEL after `=`, else a constant text:
///   `<waybill:input name="sourceUri" value="= order.uri"/>`, `<waybill:output name="proxy" value="= proxyUri"/>`
/// - `<camunda:inputOutput>` with `inputParameter` and `outputParameter`: text, JUEL, `camunda:list`, `camunda:map`
/// - `<zeebe:ioMapping>` with `<zeebe:input source="= …" target="…"/>` and `<zeebe:output …/>`
///
/// Inputs see the variables around the activity. Outputs see, before those, the task's output, then its input.
enum MappingReader {
    struct Mappings: Sendable {
        var inputs: [VariableMapping] = []
        var outputs: [VariableMapping] = []
        /// What the work gives goes out besides the outputs, as in Camunda 7; in Camunda 8 only the outputs do.
        var passesResult = false
    }

    static func read(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> Mappings {
        var mappings = Mappings()
        for child in node.children(named: "extensionElements", namespace: BPMN.namespace).flatMap(\.children) {
            switch (child.namespace, child.name) {
            case (BPMN.waybill, "input"), (BPMN.waybill, "output"):
                add(
                    child, nameIn: "name", valueIn: "value", isInput: child.name == "input", element, &mappings, &reader
                )
            case (BPMN.zeebe, "ioMapping"):
                for entry in child.children
                where entry.namespace == BPMN.zeebe && ["input", "output"].contains(entry.name) {
                    add(
                        entry, nameIn: "target", valueIn: "source", isInput: entry.name == "input", element, &mappings,
                        &reader)
                }
            case (BPMN.camunda, "inputOutput"):
                mappings.passesResult = true
                for entry in child.children where entry.namespace == BPMN.camunda {
                    addParameter(entry, element, &mappings, &reader)
                }
            default: continue  // `ExtensionRules` has reported what is not understood.
            }
        }
        return mappings
    }

    private static func add(
        _ node: SourceNode, nameIn: String, valueIn: String, isInput: Bool, _ element: ElementID,
        _ mappings: inout Mappings,
        _ reader: inout DefinitionReader
    ) {
        let path = (node.attribute(nameIn) ?? "").split(separator: ".", omittingEmptySubsequences: false).map(
            String.init)
        guard !path.contains(""), let value = node.attribute(valueIn) else {
            return reader.report(
                "invalid-mapping", node, element: element, "<\(node.name)> needs \(nameIn) and \(valueIn)",
                "for example \(nameIn)=\"uri\" \(valueIn)=\"= order.uri\"")
        }
        let source: Expression
        do {
            source = try Expression.parseZeebe(value)
        } catch {
            return reader.reportExpression(error, node, element: element)
        }
        let mapping = VariableMapping(target: path, source: .expression(source), position: node.position)
        if isInput { mappings.inputs.append(mapping) } else { mappings.outputs.append(mapping) }
    }

    private static func addParameter(
        _ node: SourceNode, _ element: ElementID, _ mappings: inout Mappings, _ reader: inout DefinitionReader
    ) {
        guard ["inputParameter", "outputParameter"].contains(node.name), let name = node.attribute("name"),
            !name.isEmpty
        else {
            return reader.report(
                "invalid-mapping", node, element: element, "<camunda:\(node.name)> is no parameter with a name",
                "for example <camunda:inputParameter name=\"uri\">${order.uri}</camunda:inputParameter>")
        }
        guard let source = parameterSource(node, element, &reader) else { return }
        let mapping = VariableMapping(target: [name], source: source, position: node.position)
        if node.name == "inputParameter" { mappings.inputs.append(mapping) } else { mappings.outputs.append(mapping) }
    }

    /// The value of a parameter, list item or map entry. Depth is bounded by the reader of the file.
    private static func parameterSource(
        _ node: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> VariableMapping.Source? {
        guard let child = node.children.first(where: { $0.namespace == BPMN.camunda }) else {
            let text = node.text.trimmed
            if text.isEmpty { return .expression(.constant(.null)) }
            if reader.reportsHostAccess(text, node, element: element) { return nil }
            do {
                let expression = try Expression.parseCamunda(text)
                return reader.checkedHostCalls(of: expression, node, element: element).map { .expression($0) }
            } catch {
                reader.reportExpression(error, node, element: element)
                return nil
            }
        }
        return container(child, element, &reader)
    }

    private static func container(
        _ node: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> VariableMapping.Source? {
        let children = node.children.filter { $0.namespace == BPMN.camunda }
        switch node.name {
        case "list":
            var items: [VariableMapping.Source] = []
            for child in children {
                let item =
                    child.name == "value"
                    ? parameterSource(child, element, &reader) : container(child, element, &reader)
                guard let item else { return nil }
                items.append(item)
            }
            return .list(items)
        case "map":
            var entries: [VariableMapping.Entry] = []
            for child in children where child.name == "entry" {
                guard let value = parameterSource(child, element, &reader) else { return nil }
                guard let key = reader.valueExpression(child.attribute("key") ?? "", node: child, element: element)
                else { return nil }
                entries.append(VariableMapping.Entry(key: key, value: value))
            }
            return .map(entries)
        case "script":
            let format = node.attribute("scriptFormat") ?? ""
            return reader.scriptExpression(in: format, node.text.trimmed, node, element: element).map {
                .expression($0)
            }
        default:
            reader.reportUnsupported(node, element: element, "<camunda:\(node.name)> in a mapping")
            return nil
        }
    }
}
