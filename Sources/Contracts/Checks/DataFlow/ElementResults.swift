import OrderedCollections
import ProcessEngine
import Values

/// Which variables an element's work, or the event that triggers it, brings.
struct ElementResults {
    /// For certain.
    var defined: [String] = []
    /// Perhaps: outputs that are not required.
    var perhaps: [String] = []
    /// Anything may come: from a person, with a message, from a task without a contract.
    var anything = false
    /// Variables of an error may come, which its contract does not tell: none that anybody should count on.
    var hasUntold = false

    static let nothing = ElementResults()
    static let unknown = ElementResults(anything: true)
    static let withError = ElementResults(hasUntold: true)

    /// What one of two ways brings.
    func either(_ other: ElementResults) -> ElementResults {
        let certain = defined.filter { other.defined.contains($0) }
        let names = OrderedSet(defined + perhaps + other.defined + other.perhaps)
        return ElementResults(
            defined: certain, perhaps: names.elements.filter { !certain.contains($0) },
            anything: anything || other.anything,
            hasUntold: hasUntold || other.hasUntold)
    }

    static func of(_ element: any FlowElement, in subject: CheckSubject) -> ElementResults {
        var results = ofWork(of: element, in: subject)
        if subject.definition.setsVariablesByExpression(at: element.id) { results.anything = true }
        return results
    }

    private static func ofWork(of element: any FlowElement, in subject: CheckSubject) -> ElementResults {
        let definition = subject.definition
        switch element {
        case let task as ServiceTask: return task.contract.map { outputs(of: $0, subject.catalog) } ?? .unknown
        case let task as ExpressionTask: return ElementResults(defined: task.resultVariable.map { [$0] } ?? [])
        case let task as ScriptTask: return ElementResults(defined: task.resultVariable.map { [$0] } ?? [])
        case let task as BusinessRuleTask: return ElementResults(defined: task.resultVariable.map { [$0] } ?? [])
        case let call as CallActivity:
            return passed(back: call, subject.catalog)
        case is UserTask, is ReceiveTask, is CompensationStartEvent: return .unknown
        case let event as any CodeCatcher where !event.errors.isEmpty || !event.escalations.isEmpty:
            return subject.thrown.results(of: event)
        case let event as ThrowEvent: return event.thrown.contains(where: \.isCompensation) ? .unknown : .nothing
        case let start as StartEvent:
            var results = definition.parent(of: start.id) == nil ? inputs(of: subject) : .nothing
            if let initiator = start.initiator { results.defined.append(initiator) }
            return results
        case let event as any StartElement & TriggeredElement:
            // What starts an instance brings what it likes.
            let isOfProcess = definition.parent(of: event.id) == nil
            return isOfProcess || event.triggers.contains(where: \.carriesVariables) ? .unknown : .nothing
        case let event as any TriggeredElement:
            return event.triggers.contains(where: \.carriesVariables) ? .unknown : .nothing
        default: return .nothing  // Other elements bring none; the catalog of elements is open.
        }
    }

    /// A contract that lists its outputs gives no others; one that lists none may give any.
    static func outputs(of key: ContractKey, _ catalog: ContractCatalog?) -> ElementResults {
        guard let schema = catalog?.schemas(of: key)?.output else { return .unknown }
        let required = schema.requiredNames
        return ElementResults(
            defined: required, perhaps: schema.propertyNames.filter { !required.contains($0) },
            anything: !schema.isClosedByListing)
    }

    /// What a call that is over gives. By a contract that is what the contract lists, whatever else the called process has.
    static func passed(back call: CallActivity, _ catalog: ContractCatalog?) -> ElementResults {
        let named = call.outputs.entries.map(\.target)
        guard call.outputs.passesAll || call.mappingsSeeAll else { return ElementResults(defined: named) }
        guard case .contract(let key) = call.target else { return .unknown }
        var results = outputs(of: key, catalog)
        results.defined += named
        return results
    }

    private static func inputs(of subject: CheckSubject) -> ElementResults {
        guard let workflow = subject.workflow, let catalog = subject.catalog,
            let schema = catalog.schemas(of: workflow.key)?.input
        else { return .unknown }
        let filled = schema.applyingDefaults(to: .emptyObject)
        let names = schema.propertyNames
        let certain = schema.requiredNames + names.filter { filled[$0] != nil }
        return ElementResults(
            defined: certain, perhaps: names.filter { !certain.contains($0) },
            anything: subject.isGivenMore || !catalog.takesOnlyDeclaredInputs(workflow.key))
    }
}

extension JSONSchema {
    /// Whether members that it does not list are not to be expected.
    var isClosedByListing: Bool { listsItsProperties || source["additionalProperties"] == .bool(false) }
}

extension EventTrigger {
    /// Whether variables may come with it.
    var carriesVariables: Bool {
        switch self {
        case .message, .signal: true
        case .timer, .condition: false
        }
    }
}
