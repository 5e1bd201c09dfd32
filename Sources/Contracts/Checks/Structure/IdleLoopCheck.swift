import Expressions
import ProcessEngine
import Values

/// Finds loops that never wait and in which nothing changes what their conditions read: once round is for ever.
struct IdleLoopCheck {
    private let subject: CheckSubject
    private var definition: ProcessDefinition { subject.definition }

    init(_ subject: CheckSubject) {
        self.subject = subject
    }

    func findings() -> [Diagnostic] {
        components().compactMap { component in
            let inside = Set(component)
            var read: [String] = []
            for id in component {
                for flow in definition.outgoing(of: id) {
                    guard let condition = flow.condition else { continue }
                    read += (condition.variablesRead + condition.variablesPerhapsRead).filter { !read.contains($0) }
                }
            }
            let hasCondition = component.contains { id in
                definition.outgoing(of: id).contains { $0.condition != nil || $0.isDefault }
            }
            let written = Set(component.flatMap(writes))
            guard hasCondition, !read.isEmpty, !component.contains(where: bringsAnything),
                written.isDisjoint(with: read), let first = component.first,
                component.contains(where: { id in
                    definition.outgoing(of: id).contains { !inside.contains($0.target) }
                })
            else { return nil }
            let names = read.map { "\"\($0)\"" }.joined(separator: ", ")
            return subject.finding(
                .idleLoop, at: first,
                "the loop through \(subject.title(of: first)) never waits, and nothing in it changes what its conditions read (\(names)): once round, it goes round for ever",
                "wait in it for a task, a timer or a message, or change what leads out of it")
        }
    }

    private func bringsAnything(_ id: ElementID) -> Bool {
        definition.element(id).map { ElementResults.of($0, in: subject).anything } ?? false
    }

    private func writes(_ id: ElementID) -> [String] {
        guard let element = definition.element(id) else { return [] }
        let results = ElementResults.of(element, in: subject)
        return results.defined + results.perhaps + definition.mappings(of: id).outputs.compactMap(\.target.first)
    }

    /// Where a token goes on to at once, perhaps.
    private func followers(of id: ElementID) -> [ElementID] {
        guard let element = definition.element(id), definition.loop(of: id) == nil, !definition.savesWork(at: id) else {
            return []
        }
        switch element {
        case let link as LinkThrowEvent: return definition.linkTarget(of: link).map { [$0] } ?? []
        case is ExclusiveGateway, is InclusiveGateway, is ManualTask, is ScriptTask, is ExpressionTask, is SendTask,
            is ThrowEvent, is LinkCatchEvent:
            return definition.outgoing(of: id).map(\.target)
        default: return []  // What else there is may wait; the catalog is open.
        }
    }

    /// The groups of elements that all lead to each other (Tarjan's algorithm, without recursion), in the order of the file.
    private func components() -> [[ElementID]] {
        var index: [ElementID: Int] = [:]
        var low: [ElementID: Int] = [:]
        var stack: [ElementID] = []
        var onStack: Set<ElementID> = []
        var found: [Set<ElementID>] = []
        for start in definition.elements.map(\.id) where index[start] == nil {
            var path: [(id: ElementID, rest: [ElementID])] = []
            func open(_ id: ElementID) {
                index[id] = index.count
                low[id] = index[id]
                stack.append(id)
                onStack.insert(id)
                path.append((id, followers(of: id)))
            }
            open(start)
            while let last = path.indices.last {
                let id = path[last].id
                if let next = path[last].rest.popLast() {
                    if index[next] == nil {
                        open(next)
                    } else if onStack.contains(next) {
                        low[id] = min(low[id] ?? 0, index[next] ?? 0)
                    }
                    continue
                }
                path.removeLast()
                if let parent = path.last?.id { low[parent] = min(low[parent] ?? 0, low[id] ?? 0) }
                guard low[id] == index[id] else { continue }
                var component: Set<ElementID> = []
                while let member = stack.popLast() {
                    onStack.remove(member)
                    component.insert(member)
                    if member == id { break }
                }
                if component.count > 1 || followers(of: id).contains(id) { found.append(component) }
            }
        }
        return found.map { component in definition.elements.map(\.id).filter { component.contains($0) } }
    }
}
