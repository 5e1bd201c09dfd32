import ProcessEngine
import Values

/// How the flows of a process hang together: what is never reached, where tokens wait for ever, where they meet unjoined, and loops in
/// which nothing happens.
struct FlowCheck {
    private let subject: CheckSubject
    private let children: [ElementID?: [any FlowElement]]
    private var definition: ProcessDefinition { subject.definition }

    init(_ subject: CheckSubject) {
        self.subject = subject
        let definition = subject.definition
        children = Dictionary(grouping: definition.elements) { definition.parent(of: $0.id) }
    }

    func findings() -> [Diagnostic] {
        var findings = unreachable() + IdleLoopCheck(subject).findings()
        let scopes = [ElementID?.none] + definition.elements.filter { $0 is any ScopeElement }.map(\.id)
        for scope in scopes where !(scope.map { definition.element($0) is AdHocSubProcess } ?? false) {
            findings += soundness(of: FlowNet(subject, scope: scope, elements: children[scope] ?? []))
        }
        return findings
    }

    // MARK: Reach

    /// The first element of each part that no path leads to. What nothing leads to at all is reported where the model is read.
    private func unreachable() -> [Diagnostic] {
        var reached = reach(from: starts)
        var findings: [Diagnostic] = []
        for element in definition.elements where !reached.contains(element.id) {
            let before = reached.count
            reached.formUnion(reach(from: [element.id]))
            guard !definition.incoming(of: element.id).isEmpty else { continue }
            let others = reached.count - before - 1
            let rest = others == 0 ? "" : ", nor do the \(others) elements after it"
            findings.append(
                subject.finding(
                    .unreachable, at: element.id,
                    "no path from a start leads to \(subject.title(of: element.id)): it never runs\(rest)",
                    "connect it, or remove it"))
        }
        return findings
    }

    private var starts: [ElementID] {
        let entries = Set(definition.entries(in: nil))
        return (children[nil] ?? []).filter { element in
            switch element {
            case is any StartElement, is EventSubProcess: true
            case let gateway as EventBasedGateway where gateway.isInstantiating: true
            case let task as ReceiveTask where task.isInstantiating: true
            default: entries.contains(element.id) || definition.isForCompensation(element.id)
            }
        }.map(\.id)
    }

    private func reach(from starts: [ElementID]) -> Set<ElementID> {
        var found = Set(starts)
        var rest = starts
        while let id = rest.popLast() {
            guard let element = definition.element(id) else { continue }
            var next = definition.outgoing(of: id).map(\.target) + definition.boundaryEvents(of: id).map(\.id)
            if let link = element as? LinkThrowEvent { next += definition.linkTarget(of: link).map { [$0] } ?? [] }
            if element is any ScopeElement {
                let entries = Set(definition.entries(in: id))
                next += (children[id] ?? []).filter { inner in
                    entries.contains(inner.id) || inner is any StartElement || inner is EventSubProcess
                        || definition.isForCompensation(inner.id) || element is AdHocSubProcess
                }.map(\.id)
            }
            for id in next where found.insert(id).inserted { rest.append(id) }
        }
        return found
    }

    // MARK: Soundness

    private func soundness(of net: FlowNet) -> [Diagnostic] {
        let meetings = (Concurrency.meetings(in: net) ?? []).filter { doesWork(after: $0.node, in: net) }
        let unjoined = meetings.map { meeting in
            let node = net.nodes[meeting.node].element
            let ends = [meeting.arcs.0, meeting.arcs.1].map { name(of: $0, in: net) }
            return subject.finding(
                .missingJoin, at: node,
                "parallel paths meet at \(subject.title(of: node)) by \(ends[0]) and \(ends[1]): it runs, and all after it, once for each",
                "join them with a parallel gateway before it")
        }
        let stuck = TokenGame.play(net) ?? []
        return unjoined
            + stuck.filter { $0.isCertain || meetings.isEmpty }.map { stuck in
                let join = net.nodes[stuck.join].element
                let missing = stuck.missing.prefix(3).map { name(of: $0, in: net) }.joined(separator: " and ")
                guard stuck.isCertain else {
                    return subject.finding(
                        .possibleDeadlock, at: join,
                        "the join \(subject.title(of: join)) waits for ever for a token by \(missing) on some path",
                        "lead every path into it, or join the paths by an inclusive gateway")
                }
                return subject.finding(
                    .deadlock, at: join,
                    "the join \(subject.title(of: join)) never goes on: a token by \(missing) never comes with the others",
                    "join alternatives with an exclusive gateway; a parallel gateway waits for all of its flows")
            }
    }

    private func name(of arc: Int, in net: FlowNet) -> String {
        let arc = net.arcs[arc]
        let source = subject.title(of: net.nodes[arc.source].element)
        return arc.flow.map { "the flow \($0) from \(source)" } ?? source
    }

    /// Whether an activity comes at or after a node: two tokens that only end do no harm.
    private func doesWork(after node: Int, in net: FlowNet) -> Bool {
        var found: Set<Int> = [node]
        var rest = [node]
        while let next = rest.popLast() {
            guard let element = definition.element(net.nodes[next].element) else { continue }
            if type(of: element).isActivity || element is any ThrowingElement { return true }
            for arc in net.nodes[next].outcomes.flatMap(\.self) where found.insert(net.arcs[arc].target).inserted {
                rest.append(net.arcs[arc].target)
            }
        }
        return false
    }
}
