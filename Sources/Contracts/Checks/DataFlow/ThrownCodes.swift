import Expressions
import ProcessEngine
import Values

/// Who throws what an event catches, as far as the model and the contracts tell, and which variables come along.
///
/// The engine takes from an agent only the errors that its contract declares, so that those are all it can throw. A called workflow
/// throws what its contract declares; one that declares none, people, and tasks without a contract may throw anything.
struct ThrownCodes {
    /// An element that throws what an event catches.
    struct Source {
        var element: ElementID
        var brings: ElementResults
        /// An end or throw event: what it stands behind has been done. Others are in the middle of their work.
        var isEvent: Bool
    }

    private struct Code {
        var isEscalation = false
        /// Nil for an escalation without a code.
        var text: String?
        /// Nobody can tell the code.
        var isOpen = false
        var brings = ElementResults.nothing

        static func error(_ code: String?, _ brings: ElementResults = .nothing) -> Code {
            Code(text: code, isOpen: code == nil, brings: brings)
        }
    }

    private let definition: ProcessDefinition
    private let catalog: ContractCatalog?
    private var byCatcher: [ElementID: [Source]] = [:]

    init(_ definition: ProcessDefinition, _ catalog: ContractCatalog?) {
        self.definition = definition
        self.catalog = catalog
        for element in definition.elements {
            for code in codes(of: element) {
                for catcher in catchers(of: code, from: element.id) {
                    byCatcher[catcher, default: []].append(
                        Source(
                            element: element.id, brings: code.brings,
                            isEvent: element is ErrorEndEvent || element is ThrowEvent))
                }
            }
        }
    }

    /// Empty if nothing is known to throw what the event catches.
    func sources(caughtBy event: ElementID) -> [Source] { byCatcher[event] ?? [] }

    /// The variables that come when the event catches something.
    func results(of event: any CodeCatcher) -> ElementResults {
        let sources = sources(caughtBy: event.id)
        let triggers = (event as? any TriggeredElement)?.triggers ?? []
        var all = sources.isEmpty && triggers.isEmpty ? [ElementResults.withError] : sources.map(\.brings)
        if !triggers.isEmpty { all.append(triggers.contains(where: \.carriesVariables) ? .unknown : .nothing) }
        var results = all.dropFirst().reduce(all.first ?? .nothing) { $0.either($1) }
        let names =
            event.errors.flatMap { [$0.codeVariable, $0.messageVariable] } + event.escalations.map(\.codeVariable)
        if event.errors.count + event.escalations.count + triggers.count == 1 {
            results.defined += names.compactMap(\.self)
        } else {
            results.perhaps += names.compactMap(\.self)
        }
        return results
    }

    // MARK: Throwing

    private func codes(of element: any FlowElement) -> [Code] {
        switch element {
        case let end as ErrorEndEvent: return [.error(end.code)]
        case let event as ThrowEvent: return codes(of: event)
        case let task as ServiceTask: return codes(of: task)
        case let call as CallActivity:
            return codes(ofCall: catalog.flatMap { call.workflow(in: $0) }, passing: passed(by: call))
        case is UserTask: return Self.anything
        default: return []  // Other elements throw nothing; the catalog of elements is open.
        }
    }

    private static let anything: [Code] = [
        .error(nil, .unknown), Code(isEscalation: true, isOpen: true, brings: .unknown),
    ]

    private func codes(of event: ThrowEvent) -> [Code] {
        var codes: [Code] = []
        for case .escalation(let expression) in event.thrown {
            let text = expression?.constantValue?.stringValue
            codes.append(Code(isEscalation: true, text: text, isOpen: expression != nil && text == nil))
        }
        if case .error(let end) = event.ending { codes.append(.error(end.code)) }
        return codes
    }

    private func codes(of task: ServiceTask) -> [Code] {
        guard let contract = task.contract.flatMap({ catalog?.contract($0) }) else { return Self.anything }
        let outputs = ElementResults.outputs(of: contract.key, catalog)
        switch contract.kind {
        case .task:
            // Output that the model takes for an error comes along.
            var result = outputs
            result.perhaps += result.defined
            result.defined = []
            return contract.errors.map { .error($0.code, .withError) }
                + task.errorDefinitions.map { .error($0.code, result) }
        case .workflow:
            let mapped = task.outputs.compactMap(\.target.first)
            return codes(
                ofCall: contract, passing: (.nothing, mapped.isEmpty ? outputs : ElementResults(defined: mapped)))
        case .decision: return []
        }
    }

    /// A called process may throw what it likes, unless its contract says what that is.
    private func codes(
        ofCall contract: Contract?, passing: (error: ElementResults, escalation: ElementResults)
    ) -> [Code] {
        let declared = contract?.errors.map(\.code) ?? []
        let errors = declared.isEmpty ? [Code.error(nil, passing.error)] : declared.map { .error($0, passing.error) }
        return errors + [Code(isEscalation: true, isOpen: true, brings: passing.escalation)]
    }

    /// What a call passes back though the called process goes on, or has failed. What would wait for output mappings is lost.
    private func passed(by call: CallActivity) -> (error: ElementResults, escalation: ElementResults) {
        guard definition.mappings(of: call.id).outputs.isEmpty else { return (.nothing, .nothing) }
        let results = ElementResults.passed(back: call, catalog)
        return (call.passesWithErrors ? results : .nothing, results)
    }

    // MARK: Catching

    /// The nearest event that catches it, an exact code before any; of what has an unknown code all that might.
    private func catchers(of code: Code, from element: ElementID) -> [ElementID] {
        var found: [ElementID] = []
        var next: ElementID? = element
        while let host = next {
            let scope = definition.parent(of: host)
            let boundaries = definition.boundaryEvents(of: host).compactMap { $0 as? any CodeCatcher }
            for events in [boundaries, definition.catchers(beside: host, in: scope)] {
                let wanted = events.map { event in
                    (id: event.id, codes: code.isEscalation ? event.escalations.map(\.code) : event.errors.map(\.code))
                }
                let exact = wanted.first { code.text != nil && $0.codes.contains(code.text) }
                let general = wanted.first { $0.codes.contains(nil) }
                if !code.isOpen {
                    if let match = exact ?? general { return [match.id] }
                } else {
                    found += wanted.filter { !$0.codes.isEmpty }.map(\.id)
                    if general != nil { return found }
                }
            }
            next = scope
        }
        return found
    }
}

extension ProcessDefinition {
    /// The starts of the event subprocesses that what comes out of an element can start: none if it interrupted them all.
    func catchers(beside origin: ElementID, in scope: ElementID?) -> [any CodeCatcher] {
        let all = eventSubprocesses(in: scope)
        if let own = all.first(where: { $0.subprocess.id == origin }), own.start.isInterrupting { return [] }
        return all.filter { $0.subprocess.id != origin }.compactMap { $0.start as? any CodeCatcher }
    }
}
