import Values

/// Finds circles of flows that are always taken and through elements that never wait: such a process cannot ever stop.
/// A condition on the way is a way out, as far as can be told here.
struct EndlessLoopCheck {
    private let definition: ProcessDefinition
    private let nodes: [ProcessDefinition.Node]
    private let file: String

    init(_ definition: ProcessDefinition, nodes: [ProcessDefinition.Node], file: String) {
        self.definition = definition
        self.nodes = nodes
        self.file = file
    }

    func run() -> [Diagnostic] {
        // The followers of each are few; what leads round is found by going on from each element in turn.
        var done: Set<ElementID> = []
        for node in nodes where !done.contains(node.element.id) {
            if let element = circle(from: node.element.id, done: &done) { return [finding(element)] }
        }
        return []
    }

    private func finding(_ element: ElementID) -> Diagnostic {
        Diagnostic(
            code: "endless-loop", file: file, position: definition.position(of: element) ?? definition.position,
            element: element.text,
            message: "the flows lead from \(element) back to it, and nothing on the way ever waits",
            suggestion: "let a condition lead out of the loop, or wait in it for a task, a timer or a message")
    }

    /// Depth first, without recursion: an element that is met again while it is still open is in a circle.
    private func circle(from start: ElementID, done: inout Set<ElementID>) -> ElementID? {
        var open: Set<ElementID> = [start]
        var path: [(element: ElementID, rest: [ElementID])] = [(start, followers(of: start))]
        while let last = path.indices.last {
            guard let next = path[last].rest.popLast() else {
                open.remove(path[last].element)
                done.insert(path[last].element)
                path.removeLast()
                continue
            }
            if open.contains(next) { return next }
            if done.contains(next) { continue }
            open.insert(next)
            path.append((next, followers(of: next)))
        }
        return nil
    }

    /// Where every token that comes to the element goes on to at once.
    private func followers(of id: ElementID) -> [ElementID] {
        guard let element = definition.element(id), definition.loop(of: id) == nil,
            definition.boundaryEvents(of: id).isEmpty
        else { return [] }
        let outgoing = definition.outgoing(of: id)
        switch element {
        case let link as LinkThrowEvent: return definition.linkTarget(of: link).map { [$0] } ?? []
        case is ExclusiveGateway, is InclusiveGateway:
            // Only the first flow without a condition is sure; any condition may lead out.
            return outgoing.count == 1 ? outgoing.filter { $0.condition == nil }.map(\.target) : []
        case is ManualTask, is ScriptTask, is ExpressionTask, is SendTask, is ThrowEvent, is LinkCatchEvent:
            return outgoing.filter { $0.condition == nil && !$0.isDefault }.map(\.target)
        default: return []  // What else there is may wait; the catalog is open.
        }
    }
}
