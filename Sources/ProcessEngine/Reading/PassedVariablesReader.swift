import Expressions
import Values

/// Reads `camunda:in` and `camunda:out`: `source`, `sourceExpression` or `variables="all"`, and `businessKey`.
enum PassedVariablesReader {
    static func read(
        _ direction: String, of node: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> PassedVariables {
        var passesAll = false
        var entries: [PassedVariables.Entry] = []
        var businessKey: Expression?
        for entry in node.extensions(named: direction, namespace: BPMN.camunda) {
            if entry.attribute("variables") == "all" {
                passesAll = true
            } else if let text = entry.attribute("businessKey") {
                businessKey = reader.valueExpression(text, node: entry, element: element)
            } else if let made = self.entry(entry, element, &reader) {
                entries.append(made)
            }
        }
        return PassedVariables(passesAll: passesAll, entries: entries, businessKey: businessKey)
    }

    private static func entry(
        _ node: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> PassedVariables.Entry? {
        let source = node.attribute("source")
        let text = node.attribute("sourceExpression")
        guard let target = node.attribute("target") ?? source, !target.isEmpty, source != nil || text != nil else {
            reader.report(
                "invalid-mapping", node, element: element, "<camunda:\(node.name)> needs source and target",
                "for example source=\"order\" target=\"order\"")
            return nil
        }
        if let source {
            return PassedVariables.Entry(source: .constant(.null), target: target, variable: source)
        }
        guard let expression = reader.valueExpression(text ?? "", node: node, element: element) else { return nil }
        return PassedVariables.Entry(source: expression, target: target, variable: nil)
    }
}
