import Expressions
import ProcessEngine
import Values

/// Finds workflows that call each other in a circle, each of them always: the first call never comes back.
struct RecursionCheck {
    /// Of which findings are reported.
    private let checked: [ProcessDefinition]
    private let definitions: [ProcessDefinition]

    init(_ checked: [ProcessDefinition], beside others: [ProcessDefinition] = []) {
        self.checked = checked
        definitions = checked + others
    }

    func findings(_ catalog: ContractCatalog?) -> [Diagnostic] {
        let byProcess = Dictionary(definitions.map { ($0.process, $0) }, uniquingKeysWith: { first, _ in first })
        var calls: [String: [(process: String, element: ElementID)]] = [:]
        for definition in definitions { calls[definition.process] = unavoidableCalls(of: definition, catalog) }
        var findings: [Diagnostic] = []
        for definition in checked {
            guard let (call, circle) = circle(from: definition.process, calls) else { continue }
            guard let home = byProcess[definition.process] else { continue }
            let subject = CheckSubject(home, among: definitions, catalog: catalog)
            let way = circle.count == 1 ? "itself" : circle.joined(separator: ", which calls ")
            findings.append(
                subject.finding(
                    .endlessRecursion, at: call,
                    "every instance of \(definition.process) calls \(way) at \(subject.title(of: call)), without end",
                    "let a gateway lead past the call"))
        }
        return findings
    }

    /// The call that begins a circle back to the process, and the processes on it.
    private func circle(
        from process: String, _ calls: [String: [(process: String, element: ElementID)]]
    ) -> (ElementID, [String])? {
        for call in calls[process] ?? [] {
            var origin: [String: String] = [call.process: ""]
            var rest = [call.process]
            while let next = rest.popLast() {
                if next == process {
                    var way: [String] = []
                    var step = next
                    while !step.isEmpty {
                        way.append(step)
                        step = origin[step] ?? ""
                    }
                    return (call.element, way.reversed())
                }
                for other in calls[next] ?? [] where origin[other.process] == nil {
                    origin[other.process] = next
                    rest.append(other.process)
                }
            }
        }
        return nil
    }

    /// The calls of processes of the set that every path from the start comes to, if the call is in the process itself.
    private func unavoidableCalls(
        of definition: ProcessDefinition, _ catalog: ContractCatalog?
    ) -> [(process: String, element: ElementID)] {
        let known = Set(definitions.map(\.process))
        var byProcess: [String: Set<ElementID>] = [:]
        for element in definition.elements where definition.runsAlways(element.id) {
            let process =
                (element as? CallActivity)?.process(in: catalog)
                ?? (element as? ServiceTask)?.contract.flatMap { catalog?.contract($0)?.process }
            if let process, known.contains(process) { byProcess[process, default: []].insert(element.id) }
        }
        return byProcess.sorted { $0.key < $1.key }.compactMap { process, calls in
            guard !canAvoid(calls, in: definition), let first = calls.min() else { return nil }
            return (process, first)
        }
    }

    private func canAvoid(_ calls: Set<ElementID>, in definition: ProcessDefinition) -> Bool {
        let starts = definition.elements.filter { $0 is any StartElement && definition.parent(of: $0.id) == nil }
        guard !starts.isEmpty else { return true }
        let fatal = InevitableElements(calls, in: definition).found
        var found = Set(starts.map(\.id))
        var rest = starts.map(\.id)
        while let id = rest.popLast() {
            if fatal.contains(id) { continue }
            let next = definition.outgoing(of: id).map(\.target) + definition.boundaryEvents(of: id).map(\.id)
            if definition.outgoing(of: id).isEmpty { return true }
            for id in next where found.insert(id).inserted { rest.append(id) }
        }
        return false
    }
}

/// The elements whose token cannot but come to one of some calls, or makes another one that cannot: paths that are all taken, and
/// subprocesses in which it is so.
private struct InevitableElements {
    private let definition: ProcessDefinition
    /// Scopes in which one path may end the others before they have come far.
    private let mayStop: Set<ElementID?>
    private(set) var found: Set<ElementID>

    init(_ calls: Set<ElementID>, in definition: ProcessDefinition) {
        self.definition = definition
        mayStop = Set(
            definition.elements.filter { $0 is TerminateEndEvent || $0 is ErrorEndEvent || $0 is CancelEndEvent }
                .map { definition.parent(of: $0.id) })
        found = calls
        var rest = calls.sorted()
        while let id = rest.popLast() {
            for other in places(before: id) where !found.contains(other) && leads(other) {
                found.insert(other)
                rest.append(other)
            }
        }
    }

    private func places(before id: ElementID) -> [ElementID] {
        var places = definition.incoming(of: id).map(\.source)
        if let event = definition.element(id) as? any BoundaryElement { places.append(event.attachedTo) }
        if let scope = definition.parent(of: id) { places.append(scope) }
        return places
    }

    private func leads(_ id: ElementID) -> Bool {
        guard let element = definition.element(id) else { return false }
        let leaves = definition.boundaryEvents(of: id).map(\.id)
        if element is SubProcess, leaves.isEmpty, definition.eventSubprocesses(in: id).isEmpty,
            definition.runsAlways(id),
            !mayStop.contains(id), definition.entries(in: id).contains(where: found.contains)
        {
            return true
        }
        let flows = definition.outgoing(of: id)
        guard !flows.isEmpty, leaves.allSatisfy(found.contains) else { return false }
        let takesAll = !mayStop.contains(definition.parent(of: id)) && Self.takesAll(element, flows)
        return takesAll
            ? flows.contains { found.contains($0.target) } : flows.allSatisfy { found.contains($0.target) }
    }

    private static func takesAll(_ element: any FlowElement, _ flows: [SequenceFlow]) -> Bool {
        switch element {
        case is ParallelGateway: true
        case is ExclusiveGateway, is InclusiveGateway, is EventBasedGateway, is ComplexGateway: false
        default: flows.allSatisfy { $0.condition == nil && !$0.isDefault }  // The catalog of elements is open.
        }
    }
}

extension ProcessDefinition {
    /// Whether an activity runs at least once when its turn comes.
    fileprivate func runsAlways(_ id: ElementID) -> Bool {
        switch loop(of: id)?.kind {
        case nil: return true
        case .instances(let cardinality?, collection: nil):
            // A number, or in JUEL the text of one.
            guard let count = cardinality.foldedValue?.decoded() else { return false }
            return (count.intValue ?? count.stringValue.flatMap { Int($0) } ?? 0) >= 1
        case .instances: return false
        case .standard(_, let maximum, let testsBefore): return !testsBefore && maximum != 0
        }
    }
}
