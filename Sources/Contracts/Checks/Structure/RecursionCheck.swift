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
        for element in definition.elements where definition.loop(of: element.id) == nil {
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
        var found = Set(starts.map(\.id))
        var rest = starts.map(\.id)
        while let id = rest.popLast() {
            if calls.contains(id) { continue }
            let next = definition.outgoing(of: id).map(\.target) + definition.boundaryEvents(of: id).map(\.id)
            if definition.outgoing(of: id).isEmpty { return true }
            for id in next where found.insert(id).inserted { rest.append(id) }
        }
        return false
    }
}
