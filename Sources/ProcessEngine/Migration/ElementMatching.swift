import Values

/// Finds the counterparts of a migration, and says why there is none.
struct ElementMatching {
    private let source: MigrationPlan.Version
    private let target: MigrationPlan.Version
    private let overrides: [MigrationPlan.Override]
    private let wishes: [ElementID: MigrationPlan.Override]
    private(set) var counterparts: [ElementID: ElementID] = [:]
    private(set) var unmapped: [MigrationProblem] = []
    private(set) var warnings: [MigrationProblem] = []
    /// What is wrong with the overrides, one sentence each.
    private(set) var mistakes: [String] = []
    /// Who took an element or flow of the target.
    private var owners: [ElementID: ElementID] = [:]

    init(
        from source: MigrationPlan.Version, to target: MigrationPlan.Version, overrides: [MigrationPlan.Override]
    ) {
        self.source = source
        self.target = target
        self.overrides = overrides
        wishes = Dictionary(overrides.map { ($0.from, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func run() {
        checkOverrides()
        let elements = source.definition.elements
        // Events on a boundary depend on their hosts, wherever those stand in the file.
        for element in elements where !(element is any BoundaryElement) { match(element) }
        for element in elements where element is any BoundaryElement { match(element) }
        unmapped = elements.compactMap { element in unmapped.first { $0.element == element.id } }
        for flow in source.definition.flows { match(flow) }
    }

    private mutating func checkOverrides() {
        var seen: Set<ElementID> = []
        let ids = Set(source.definition.elements.map(\.id) + source.definition.flows.map(\.id))
        let targets = Set(target.definition.elements.map(\.id) + target.definition.flows.map(\.id))
        for wish in overrides {
            if !seen.insert(wish.from).inserted { mistakes.append("\(wish.from) is mapped twice") }
            if !ids.contains(wish.from) {
                mistakes.append("\(source.id) has no element \(wish.from) that could be mapped")
            }
            guard let to = wish.to else { continue }
            if !targets.contains(to) {
                mistakes.append("\(target.id) has no element \(to) to which \(wish.from) could be mapped")
            } else if let other = owners[to] {
                mistakes.append("\(other) and \(wish.from) are both mapped to \(to)")
            }
            owners[to] = wish.from
        }
    }

    private mutating func match(_ element: any FlowElement) {
        let wish = wishes[element.id]
        if let wish, wish.to == nil { return leave(element, "the mapping leaves it out") }
        let wanted = wish?.to ?? element.id
        if let owner = owners[wanted], owner != element.id { return leave(element, "\(owner) takes its place") }
        guard let other = target.definition.element(wanted) else {
            // What the caller named is known to exist, but may be a flow.
            if wish != nil { mistakes.append("\(element.id) is an element and \(wanted) is none") }
            return leave(element, "\(target.id) has no element \(wanted)")
        }
        if let difference = difference(between: element, and: other) {
            if wish != nil { mistakes.append("\(element.id) cannot be mapped to \(wanted): \(difference)") }
            return leave(element, difference)
        }
        counterparts[element.id] = wanted
        owners[wanted] = element.id
        warn(element, other)
    }

    private mutating func leave(_ element: any FlowElement, _ reason: String) {
        unmapped.append(
            MigrationProblem(
                element: element.id, name: source.definition.name(of: element.id), message: reason,
                suggestion: "map it to another element, or move its tokens before the migration"))
    }

    /// Why one cannot take the place of the other; nil: it can.
    private func difference(between element: any FlowElement, and other: any FlowElement) -> String? {
        let (old, new) = (type(of: element), type(of: other))
        guard old == new else {
            return old.tag == new.tag
                ? "\(other.id) is a <\(new.tag)> of another kind in \(target.id)"
                : "it is a <\(old.tag)>, and \(other.id) a <\(new.tag)> in \(target.id)"
        }
        let outer = source.definition.parent(of: element.id)
        let wanted = outer.flatMap { counterparts[$0] }
        if let outer, wanted == nil { return "the subprocess \(outer) around it has no counterpart" }
        let found = target.definition.parent(of: other.id)
        guard found == wanted else {
            return "it is \(place(outer)), and \(other.id) \(place(found)) in \(target.id)"
        }
        if let event = element as? any BoundaryElement, let heir = other as? any BoundaryElement,
            counterparts[event.attachedTo] != heir.attachedTo
        {
            return "it is on \(event.attachedTo), and \(other.id) on \(heir.attachedTo) in \(target.id)"
        }
        if let event = element as? any TriggeredElement, let heir = other as? any TriggeredElement,
            event.triggers.map(\.kindName) != heir.triggers.map(\.kindName)
        {
            return "it waits for \(Self.list(event)), and \(other.id) for \(Self.list(heir)) in \(target.id)"
        }
        return loopDifference(element.id, other.id)
    }

    private func place(_ container: ElementID?) -> String { container.map { "inside \($0)" } ?? "in no subprocess" }

    private static func list(_ event: any TriggeredElement) -> String {
        event.triggers.isEmpty ? "a call" : event.triggers.map(\.kindName).joined(separator: " and ")
    }

    private func loopDifference(_ element: ElementID, _ other: ElementID) -> String? {
        switch (source.definition.loop(of: element), target.definition.loop(of: other)) {
        case (nil, nil): return nil
        case (nil, _?): return "it runs once, and \(other) repeatedly in \(target.id)"
        case (_?, nil): return "it runs repeatedly, and \(other) once in \(target.id)"
        case (let old?, let new?):
            guard old.isStandard == new.isStandard else { return "\(other) is repeated in another manner" }
            guard old.isSequential == new.isSequential else {
                return "its runs are \(old.order), and those of \(other) \(new.order) in \(target.id)"
            }
            return nil
        }
    }

    private mutating func warn(_ element: any FlowElement, _ other: any FlowElement) {
        func warning(_ message: String) -> MigrationProblem {
            MigrationProblem(element: element.id, name: source.definition.name(of: element.id), message: message)
        }
        if let event = element as? any TriggeredElement, let heir = other as? any TriggeredElement,
            event.triggers != heir.triggers
        {
            warnings.append(
                warning("what it waits for is said in another way; who waits there now goes on waiting as before"))
        }
        if let call = element as? CallActivity, let heir = other as? CallActivity,
            call.target != heir.target || call.binding != heir.binding
        {
            warnings.append(warning("it calls another process; calls that are out go on as they are"))
        }
    }

    /// A flow goes over to the one of its id, or to the only one between the counterparts of its ends.
    private mutating func match(_ flow: SequenceFlow) {
        let wish = wishes[flow.id]
        if let wish, wish.to == nil { return }
        let (start, end) = (counterparts[flow.source], counterparts[flow.target])
        let wanted = wish?.to ?? flow.id
        let candidates = target.definition.flows.filter { owners[$0.id] == nil || owners[$0.id] == flow.id }
        var heir = candidates.first { $0.id == wanted && $0.target == end }
        if heir == nil, wish == nil {
            let parallel = candidates.filter { $0.source == start && $0.target == end }
            if parallel.count == 1 { heir = parallel.first }
        }
        guard let heir else {
            if wish != nil {
                mistakes.append(
                    "the flow \(flow.id) leads to \(flow.target), and \(wanted) does not lead to its counterpart")
            }
            return
        }
        counterparts[flow.id] = heir.id
        owners[heir.id] = flow.id
    }
}

extension EventTrigger {
    fileprivate var kindName: String {
        switch self {
        case .timer: "a timer"
        case .message: "a message"
        case .signal: "a signal"
        case .condition: "a condition"
        }
    }
}

extension LoopCharacteristics {
    fileprivate var isStandard: Bool {
        switch kind {
        case .standard: true
        case .instances: false
        }
    }

    fileprivate var order: String { isSequential ? "one after the other" : "at the same time" }
}
