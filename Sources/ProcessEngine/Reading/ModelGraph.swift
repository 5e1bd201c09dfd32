import Values

/// What follows from how the elements of a process hang together.
struct ModelGraph {
    let nodes: [ProcessDefinition.Node]
    let byID: [ElementID: ProcessDefinition.Node]

    /// Where tokens begin in each container: its plain start events, else what no flow leads to.
    var entries: [ElementID?: [ElementID]] {
        var starts: [ElementID?: [ElementID]] = [:]
        var loose: [ElementID?: [ElementID]] = [:]
        for node in nodes {
            let id = node.element.id
            if node.element is StartEvent { starts[node.parent, default: []].append(id) }
            let isEntered =
                node.element is any BoundaryElement || node.element is any StartElement
                || node.element is EventSubProcess || node.element is LinkCatchEvent || node.isForCompensation
            if !isEntered, byID[id]?.incoming.isEmpty ?? true { loose[node.parent, default: []].append(id) }
        }
        return loose.merging(starts) { $1 }
    }

    var eventSubprocesses: [ElementID?: [(subprocess: EventSubProcess, start: any StartElement)]] {
        var found: [ElementID?: [(subprocess: EventSubProcess, start: any StartElement)]] = [:]
        for node in nodes {
            guard let start = node.element as? any StartElement, let parent = node.parent,
                let container = byID[parent], let subprocess = container.element as? EventSubProcess
            else { continue }
            found[container.parent, default: []].append((subprocess, start))
        }
        return found
    }

    /// What undoes each activity that has a compensation boundary event: the end of its association.
    func compensationHandlers(_ associations: [(source: ElementID, target: ElementID)]) -> [ElementID: ElementID] {
        var handlers: [ElementID: ElementID] = [:]
        for node in nodes {
            guard let event = node.element as? CompensationBoundaryEvent else { continue }
            let ends = associations.compactMap { association -> ElementID? in
                if association.source == event.id { return association.target }
                return association.target == event.id ? association.source : nil
            }
            handlers[event.attachedTo] =
                ends.first { byID[$0]?.isForCompensation == true }
                ?? ends.first {
                    byID[$0] != nil
                }
        }
        return handlers
    }

    /// For each gateway that joins, everything that flows, links and boundary events lead from to it.
    var reach: [ElementID: Set<ElementID>] {
        var reach: [ElementID: Set<ElementID>] = [:]
        for node in nodes where node.element is any NonLocalJoin { reach[node.element.id] = before(node.element.id) }
        return reach
    }

    private func before(_ join: ElementID) -> Set<ElementID> {
        var found: Set<ElementID> = []
        var rest = (byID[join]?.incoming ?? []).map(\.source)
        while let id = rest.popLast() {
            guard id != join, found.insert(id).inserted, let node = byID[id] else { continue }
            rest += node.incoming.map(\.source)
            if let event = node.element as? any BoundaryElement { rest.append(event.attachedTo) }
            if let link = node.element as? LinkCatchEvent {
                rest += nodes.filter { ($0.element as? LinkThrowEvent)?.link == link.link && $0.parent == node.parent }
                    .map(\.element.id)
            }
        }
        return found
    }
}
