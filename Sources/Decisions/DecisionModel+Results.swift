import Expressions
package import Values

extension DecisionModel {
    /// What a decision's value consists of, for those who want it rule by rule.
    package struct ResultForm: Sendable, Hashable {
        /// The outputs of a table, in its order; of other logic, what its value is called.
        package let outputs: [String]
        /// Whether the value is a list with an item for each rule that matched.
        package let isList: Bool

        package init(outputs: [String], isList: Bool) {
            self.outputs = outputs
            self.isList = isList
        }
    }

    /// Nil if there is no such decision.
    package func resultForm(of name: String) -> ResultForm? {
        guard let number = number(of: name) else { return nil }
        let element = elements[number]
        guard case .decision(let logic?) = element.kind, case .table(let table) = logic.kind else {
            return ResultForm(outputs: [element.variable], isList: false)
        }
        let isList: Bool
        switch table.hitPolicy {
        case .unique, .first, .priority, .any: isList = false
        case .ruleOrder, .outputOrder: isList = true
        case .collect: isList = table.aggregation == nil
        }
        let names = table.outputs.map { $0.label.isEmpty ? element.variable : $0.label }
        return ResultForm(outputs: names, isList: isList)
    }

    /// What expressions call the inputs, each once.
    package var inputNames: [String] {
        var seen: Set<String> = []
        return elements.compactMap { element in
            if case .input = element.kind, seen.insert(element.variable).inserted { return element.variable }
            return nil
        }
    }

    /// The variables that inputs of tables read although nothing declares them, as Camunda's modeler writes tables.
    package var undeclaredNames: [String] {
        elements.flatMap { element -> [String] in
            guard case .decision(let logic?) = element.kind, case .table(let table) = logic.kind else { return [] }
            return table.inputs.compactMap { input in
                guard input.outside != nil, case .literal(let expression) = input.expression.kind else { return nil }
                return expression.plainVariable
            }
        }
    }

    /// The tag that the modeler gave a decision, as `camunda:versionTag` or `<zeebe:versionTag value="…"/>`.
    package static func versionTag(of decision: String, in root: SourceNode) -> String? {
        guard let node = root.own("decision").first(where: { $0.attribute("id") == decision }) else { return nil }
        if let tag = node.attributes.first(where: { $0.name == "versionTag" })?.value, !tag.isEmpty { return tag }
        return node.firstOwn("extensionElements")?.children.first { $0.name == "versionTag" }?.attribute("value")
    }

    /// The files that `file` needs, itself first: what it imports, and what that imports.
    package static func closure(of file: File, among files: [File]) -> [File] {
        var found = [file]
        var next = 0
        while next < found.count {
            for imported in found[next].root.own("import") {
                guard let namespace = imported.attribute("namespace"),
                    !found.contains(where: { $0.root.attribute("namespace") == namespace }),
                    let other = files.first(where: { $0.root.attribute("namespace") == namespace })
                else { continue }
                found.append(other)
            }
            next += 1
        }
        return found
    }
}
