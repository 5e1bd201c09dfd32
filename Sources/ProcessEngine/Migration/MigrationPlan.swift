import Values

/// How the instances of one version of a process go on in another: which element takes the place of which.
///
/// An element goes over to the one of the same id, or to the one the caller names, if both are of the same kind and in the same
/// place (inside the counterparts of the same subprocesses, on the counterpart of the same activity) and repeat alike. What has
/// no counterpart is named in `unmapped`; it matters only to instances that have something there, which `problems(of:)` tells.
package struct MigrationPlan: Sendable {
    /// A deployed version of a process, with the workflow contract that its instances are shown under.
    package struct Version: Sendable {
        package let id: DefinitionID
        package let workflow: String?
        package let workflowVersion: String?
        package let definition: ProcessDefinition

        package init(
            id: DefinitionID, definition: ProcessDefinition, workflow: String? = nil, workflowVersion: String? = nil
        ) {
            self.id = id
            self.definition = definition
            self.workflow = workflow
            self.workflowVersion = workflowVersion
        }
    }

    /// What a caller says about an element or a flow, against the rule of equal ids. `to` nil: it has no counterpart.
    package struct Override: Sendable, Hashable {
        package let from: ElementID
        package let to: ElementID?

        package init(from: ElementID, to: ElementID?) {
            self.from = from
            self.to = to
        }
    }

    package let source: Version
    package let target: Version
    /// Elements of the source that have no counterpart, in the order of its file.
    package let unmapped: [MigrationProblem]
    /// What goes on as it was although the target says something else.
    package let warnings: [MigrationProblem]
    private let counterparts: [ElementID: ElementID]
    /// Elements of the target that take the place of one of the source.
    private let heirs: Set<ElementID>

    /// Throws `Rejection(.invalid)` with everything wrong with the overrides.
    package init(from source: Version, to target: Version, overrides: [Override] = []) throws(Rejection) {
        var matching = ElementMatching(from: source, to: target, overrides: overrides)
        matching.run()
        guard matching.mistakes.isEmpty else { throw Rejection(.invalid, matching.mistakes.joined(separator: "; ")) }
        self.source = source
        self.target = target
        counterparts = matching.counterparts
        heirs = Set(matching.counterparts.values)
        unmapped = matching.unmapped
        warnings = matching.warnings
    }

    /// The element, or flow, of the target that takes the place of one of the source.
    package func counterpart(of id: ElementID) -> ElementID? { counterparts[id] }

    /// All pairs, elements and then flows, in the order of the source's file.
    package var mapping: [(from: ElementID, to: ElementID)] {
        (source.definition.elements.map(\.id) + source.definition.flows.map(\.id)).compactMap { id in
            counterparts[id].map { (id, $0) }
        }
    }

    /// What an instance records. Whatever keeps its id goes without saying.
    var event: Event.Migrated {
        Event.Migrated(
            definition: target.id, workflow: target.workflow, workflowVersion: target.workflowVersion,
            renamed: mapping.filter { $0.from != $0.to }.map { Event.Migrated.Renaming(from: $0.from, to: $0.to) })
    }

    /// Whether the element of the target takes the place of one that the source had.
    func isHeir(_ id: ElementID) -> Bool { heirs.contains(id) }

    /// Whether what waits for the event goes on waiting. `owner` is the element of the activity that waits, nil for the process.
    func keeps(_ event: ElementID, of owner: ElementID?) -> Bool {
        guard let heir = counterparts[event] else { return false }
        let waiting = source.definition.element(event)
        if event == owner || waiting is any BoundaryElement || waiting is any StartElement { return true }
        // An event after the event-based gateway.
        guard let gateway = owner.flatMap({ counterparts[$0] }) else { return false }
        return target.definition.outgoing(of: gateway).contains { $0.target == heir }
    }
}

/// Definitions never change under their id.
extension MigrationPlan: Hashable {
    package static func == (left: MigrationPlan, right: MigrationPlan) -> Bool {
        left.source.id == right.source.id && left.target.id == right.target.id
            && left.counterparts == right.counterparts
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(source.id)
        hasher.combine(target.id)
    }
}

/// What cannot go over to another version of a process, why, and what to do.
package struct MigrationProblem: Sendable, Hashable, CustomStringConvertible {
    /// Nil: the instance as a whole.
    package let element: ElementID?
    /// What the modeler called it.
    package let name: String?
    package let message: String
    package let suggestion: String?

    package init(element: ElementID? = nil, name: String? = nil, message: String, suggestion: String? = nil) {
        self.element = element
        self.name = name
        self.message = message
        self.suggestion = suggestion
    }

    /// `Review ("Look at it"): message; suggestion`.
    package var description: String {
        let place = element.map { id in name.map { "\(id) (\"\($0)\"): " } ?? "\(id): " } ?? ""
        return place + message + (suggestion.map { "; \($0)" } ?? "")
    }
}
