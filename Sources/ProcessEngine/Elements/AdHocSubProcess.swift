package import Expressions
package import Values

/// `bpmn:adHocSubProcess`: activities in no fixed order. The elements that its collection names begin, else all that no
/// flow leads to; one after the other, if it is sequential. It ends when its completion condition holds after one of them
/// ended, else with the last. Each path that ends inside may add to a list that goes out (`zeebe:adHoc`).
package struct AdHocSubProcess: MappedScopeElement {
    package static let tag = "adHocSubProcess"
    package static let isActivity = true
    package let id: ElementID
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]
    package let activeElements: Expression?
    package let completionCondition: Expression?
    package let cancelsRemaining: Bool
    package let isSequential: Bool
    package let outputCollection: String?
    package let outputElement: Expression?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        let mappings = MappingReader.read(node, element: id, reader: &reader)
        inputs = mappings.inputs
        outputs = mappings.outputs
        let adHoc = node.extensions(named: "adHoc", namespace: BPMN.zeebe).first
        activeElements = adHoc?.attribute("activeElementsCollection").flatMap {
            reader.valueExpression($0, node: node, element: id)
        }
        outputCollection = adHoc?.attribute("outputCollection").flatMap { $0.isEmpty ? nil : $0 }
        outputElement = adHoc?.attribute("outputElement").flatMap {
            reader.valueExpression($0, node: node, element: id)
        }
        if (outputCollection == nil) != (adHoc?.attribute("outputElement") == nil) {
            reader.report(
                "invalid-mapping", adHoc ?? node, element: id,
                "an outputCollection and an outputElement are of no use without each other",
                "name the list, and say what each path adds to it")
        }
        completionCondition = node.firstChild(named: "completionCondition", namespace: BPMN.namespace).flatMap {
            reader.condition($0, element: id)
        }
        cancelsRemaining = node.attribute("cancelRemainingInstances") != "false"
        isSequential = node.attribute("ordering") == "Sequential"
        reader.readContents(of: node, in: id)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let outer = step.activity(activity).scope
        let variables = try VariableMapping.evaluate(inputs, in: step.visibleVariables(from: outer))
        let entries = try entries(in: step.visibleVariables(from: outer), of: step.definition)
        let list = outputCollection.map { [Variable(name: $0, value: .array([]))] } ?? []
        let scope = try step.openScope(of: activity, with: variables + list)
        if isSequential {
            for entry in entries.dropFirst() {
                step.record(.tokenArrived(element: entry, flow: Self.turn, scope: scope))
            }
        }
        for entry in (isSequential ? entries.prefix(1) : entries[...]).reversed() {
            step.send(Token(element: entry, flow: nil, scope: scope))
        }
        if entries.isEmpty { step.settleLater(scope) }
    }

    /// The flow that what waits for its turn seems to have come by: no flow can have this id.
    static let turn = ElementID("@turn")

    /// Whether the next element is on its way, now that nothing else is at work in the scope.
    func startsNext(in scope: Scope, _ step: inout Step) -> Bool {
        guard let next = scope.waiting.first(where: { $0.flow == Self.turn }) else { return false }
        step.record(.tokensJoined(element: next.join, flows: [Self.turn], scope: scope.number))
        step.send(Token(element: next.join, flow: nil, scope: scope.number))
        return true
    }

    private func entries(
        in variables: VisibleVariables, of definition: ProcessDefinition
    ) throws(IncidentCause) -> [ElementID] {
        let all = definition.entries(in: id)
        guard let activeElements else { return all }
        let value: JSON
        do {
            value = try activeElements.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the elements to activate in \(id) failed: \(error)")
        }
        let names = (value.elements() ?? []).compactMap(\.stringValue)
        for name in names where definition.parent(of: ElementID(name)) != id {
            throw IncidentCause(.expressionFailed, "\"\(name)\" is no element of the ad-hoc subprocess \(id)")
        }
        return names.map { ElementID($0) }
    }

    /// The list as it is after a path ended in the scope; nil if nothing is collected.
    func collected(in scope: Int, of step: Step) throws(IncidentCause) -> Variable? {
        guard let outputCollection, let outputElement else { return nil }
        let value: JSON
        do {
            value = try outputElement.evaluate(in: step.visibleVariables(from: scope))
        } catch {
            throw IncidentCause(.expressionFailed, "the output element of \(id) failed: \(error)")
        }
        let others = step.instance.variables(of: scope)?.first { $0.name == outputCollection }?.value.elements() ?? []
        return Variable(
            name: outputCollection, value: try JSON.array(others + [value]).bounded("the output of \(id)"))
    }

    /// An activity inside completed: whether nothing is to follow. What is still at work then goes, unless it may stay.
    func ends(_ activity: Int, scope: Int, in step: inout Step) throws(IncidentCause) -> Bool {
        guard let completionCondition else { return false }
        do {
            guard try completionCondition.evaluateCondition(in: step.visibleVariables(from: scope)) else {
                return false
            }
        } catch {
            throw IncidentCause(.expressionFailed, "the completion condition of \(id) failed: \(error)")
        }
        if cancelsRemaining { step.clear(scope) }
        for waiting in step.instance.scope(scope)?.waiting ?? [] where waiting.flow == Self.turn {
            let flows = Array(repeating: Self.turn, count: waiting.count)
            step.record(.tokensJoined(element: waiting.join, flows: flows, scope: scope))
        }
        step.settleLater(scope)
        return true
    }
}
