import OrderedCollections
package import Values

/// What differs between two versions of a model: its elements and flows, not the lines of its file.
package struct ModelDiff: Sendable, Hashable {
    package struct Element: Sendable, Hashable {
        package var kind: Change.Kind
        package var id: String
        /// `serviceTask`, `sequenceFlow`, `message`.
        package var type: String
        package var name: String?
        /// Of a flow: from where to where.
        package var from: String?
        package var to: String?
        /// Of a changed element.
        package var changes: [Change]
    }

    /// The process that the model is stored for.
    package var process: String
    package var elements: [Element]
    /// The diagram differs.
    package var layoutChanged: Bool

    /// Nothing that runs differs: the drawing does, or only white space, comments and the like.
    package var changesNothing: Bool { elements.isEmpty }

    package init(process: String, from old: SourceNode, to new: SourceNode) {
        self.process = process
        let (before, after) = (ModelTree(old), ModelTree(new))
        elements = Self.elements(before, after)
        layoutChanged = before.diagrams != after.diagrams
    }

    private static func elements(_ before: ModelTree, _ after: ModelTree) -> [Element] {
        var elements: [Element] = []
        let reordered = reordered(before, after)
        for id in OrderedSet(after.elements.keys).union(before.elements.keys) {
            switch (before.elements[id], after.elements[id]) {
            case (let was?, let now?):
                var changes = changes(from: was, to: now)
                if let order = reordered[id] { changes.append(order) }
                if !changes.isEmpty { elements.append(element(.changed, id, now, changes)) }
            case (nil, let now?): elements.append(element(.added, id, now))
            case (let was?, nil): elements.append(element(.removed, id, was))
            case (nil, nil): continue
            }
        }
        return elements
    }

    private static func element(
        _ kind: Change.Kind, _ id: String, _ element: ModelTree.Element, _ changes: [Change] = []
    ) -> Element {
        Element(
            kind: kind, id: id, type: element.type, name: element.name, from: element.facts["sourceRef"],
            to: element.facts["targetRef"], changes: changes)
    }

    private static func changes(from was: ModelTree.Element, to now: ModelTree.Element) -> [Change] {
        var changes: [Change] = []
        if was.type != now.type {
            changes.append(Change(changed: "type", from: .string(was.type), to: .string(now.type)))
        }
        if let moved = Change("container", from: was.container.map(Value.string), to: now.container.map(Value.string)) {
            changes.append(moved)
        }
        for place in OrderedSet(now.facts.keys).union(was.facts.keys) {
            if let change = Change(
                place, from: was.facts[place].map(Value.string), to: now.facts[place].map(Value.string))
            {
                changes.append(change)
            }
        }
        return changes
    }

    /// The order of flows decides which of several conditions counts: where that of flows in both differs, by source.
    private static func reordered(_ before: ModelTree, _ after: ModelTree) -> [String: Change] {
        func flows(_ tree: ModelTree, known: ModelTree) -> [String: [Value]] {
            var flows: [String: [Value]] = [:]
            for (id, element) in tree.elements where element.type == "sequenceFlow" {
                guard let source = element.facts["sourceRef"], known.elements[id]?.facts["sourceRef"] == source else {
                    continue
                }
                flows[source, default: []].append(.string(id))
            }
            return flows
        }
        let (old, new) = (flows(before, known: after), flows(after, known: before))
        var changes: [String: Change] = [:]
        for (source, order) in new {
            guard let was = old[source], was != order else { continue }
            changes[source] = Change(changed: "order of flows", from: .list(was), to: .list(order))
        }
        return changes
    }
}
