import Expressions
import ProcessEngine

/// The places of a process between which variables travel: each element, the exit of each subprocess, and for each subprocess
/// (and the process) the place that stands for "anywhere inside", where boundary events and event subprocesses come from.
struct DataGraph {
    struct Place {
        var element: ElementID?
        var before: [Int] = []
        /// The sequence flows that lead from them; nil for other ways.
        var flows: [SequenceFlow?] = []
        /// The places that are left for this one before their work is done.
        var beforeWork: [Int] = []
        /// Instances begin here.
        var isStart = false
        /// All paths to it are taken, not one of them.
        var joinsAll = false
        /// It waits for all that is still on its way to it.
        var isInclusiveJoin = false
        /// Anything may have happened before.
        var isFromAnywhere = false
        /// Names that only its inside sees.
        var locals: [String] = []
        /// Those among them that come from the loop around it.
        var loopNames: [String] = []
        /// What a task was given: its output mappings see it too.
        var given: [String] = []
        var results = ElementResults.nothing
        /// What its output mappings define; they then keep the results to themselves.
        var outputs: [String]?
        /// What a loop defines, whatever its runs do.
        var loopOutput: String?
        /// The place whose input tells what locals were before: of exits and of "anywhere inside".
        var restoring: Int?
        /// Its work may not be done at all: a collection may be empty.
        var mayBeSkipped = false
        /// Whether `locals` are seen by what comes next: the inside of a subprocess.
        var opensScope = false
    }

    private(set) var places: [Place] = []
    /// Where each element begins, and where it is left.
    private(set) var entry: [ElementID: Int] = [:]
    private(set) var exit: [ElementID: Int] = [:]
    private var anywhere: [ElementID?: Int] = [:]
    private let subject: CheckSubject
    private var definition: ProcessDefinition { subject.definition }
    /// The end of the process.
    private(set) var end = 0
    /// The places after each, but for the roundabouts that stand for "anywhere inside".
    private var followers: [[Int]] = []
    /// Where several paths may be taken at once: then what one of several ends says holds for all.
    private let concurrentScopes: Set<ElementID?>

    init(_ subject: CheckSubject) {
        self.subject = subject
        concurrentScopes = Self.concurrentScopes(of: subject.definition)
        anywhere[nil] = add(Place())
        end = add(Place(joinsAll: concurrentScopes.contains(nil)))
        let children = Dictionary(grouping: definition.elements) { [definition] in definition.parent(of: $0.id) }
        for element in definition.elements { addPlaces(of: element) }
        for element in definition.elements { connect(element) }
        connectEntries(of: nil, children[nil] ?? [])
        for element in definition.elements where element is any ScopeElement {
            connectEntries(of: element.id, children[element.id] ?? [])
        }
        connectFollowers()
    }

    private static func concurrentScopes(of definition: ProcessDefinition) -> Set<ElementID?> {
        var scopes: Set<ElementID?> = []
        for element in definition.elements {
            let isSplit =
                definition.outgoing(of: element.id).count > 1 && !(element is ExclusiveGateway)
                && !(element is EventBasedGateway)
            let goesOnBeside = (element as? TriggeredBoundaryEvent)?.isInterrupting == false
            if isSplit || goesOnBeside || element is AdHocSubProcess {
                scopes.insert(element is AdHocSubProcess ? element.id : definition.parent(of: element.id))
            }
        }
        return scopes
    }

    private mutating func add(_ place: Place) -> Int {
        places.append(place)
        return places.count - 1
    }

    private mutating func lead(_ source: Int?, to target: Int?, by flow: SequenceFlow? = nil) {
        guard let source, let target else { return }
        places[target].before.append(source)
        places[target].flows.append(flow)
    }

    private mutating func connectFollowers() {
        followers = Array(repeating: [], count: places.count)
        let roundabout = Set(anywhere.values)
        for (number, place) in places.enumerated() where !roundabout.contains(number) {
            for source in place.before + place.beforeWork where !roundabout.contains(source) {
                followers[source].append(number)
            }
        }
    }

    /// The places that paths lead to from one, itself included; they do not go on behind the barriers. "Anywhere inside" is on no path.
    func reach(from start: Int, stoppingAt barriers: [Int] = []) -> Set<Int> {
        var found: Set<Int> = [start]
        var rest = [start]
        while let place = rest.popLast() {
            guard !barriers.contains(place) else { continue }
            for follower in followers[place] where found.insert(follower).inserted { rest.append(follower) }
        }
        return found
    }

    /// Whether some way leads from a start to a place past none of the others, by "anywhere inside" too.
    func isReached(_ goal: Int, without avoided: [Int]) -> Bool {
        var followers: [[Int]] = Array(repeating: [], count: places.count)
        for (number, place) in places.enumerated() {
            for source in place.before + place.beforeWork { followers[source].append(number) }
        }
        var rest = places.indices.filter { places[$0].isStart && !avoided.contains($0) }
        var found = Set(rest)
        while let place = rest.popLast() {
            if place == goal { return true }
            for follower in followers[place] where !avoided.contains(follower) && found.insert(follower).inserted {
                rest.append(follower)
            }
        }
        return false
    }

    // MARK: Places

    private mutating func addPlaces(of element: any FlowElement) {
        let id = element.id
        let mappings = definition.mappings(of: id)
        let loop = definition.loop(of: id)
        var place = Place(element: id)
        place.loopNames = loop?.names ?? []
        place.locals = place.loopNames
        let outputs = mappings.outputs.isEmpty ? nil : mappings.outputs.compactMap(\.target.first)
        let inputs = mappings.inputs.compactMap(\.target.first)
        if element is ServiceTask { place.given = inputs } else { place.locals += inputs }
        place.results = .of(element, in: subject)
        place.joinsAll = element is ParallelGateway
        place.isInclusiveJoin = element is any NonLocalJoin && definition.incoming(of: id).count > 1
        guard element is any ScopeElement else {
            place.outputs = outputs
            place.loopOutput = loop?.outputCollection
            place.mayBeSkipped = loop?.mayRunNever ?? false
            let number = add(place)
            entry[id] = number
            exit[id] = number
            return
        }
        place.opensScope = true
        let number = add(place)
        entry[id] = number
        var inside = Place(element: id)
        inside.locals = place.locals
        inside.restoring = number
        anywhere[id] = add(inside)
        var leaving = inside
        leaving.outputs = outputs
        leaving.loopOutput = loop?.outputCollection ?? (element as? AdHocSubProcess)?.outputCollection
        leaving.mayBeSkipped = loop?.mayRunNever ?? false
        leaving.joinsAll = concurrentScopes.contains(id)
        exit[id] = add(leaving)
    }

    // MARK: Paths

    private mutating func connect(_ element: any FlowElement) {
        let id = element.id
        let parent = definition.parent(of: id)
        let outgoing = definition.outgoing(of: id)
        lead(exit[id], to: anywhere[parent])
        if element is any ScopeElement {
            lead(entry[id], to: anywhere[id])
            if let inside = anywhere[id] { lead(inside, to: anywhere[parent]) }
        }
        for flow in outgoing { lead(exit[id], to: entry[flow.target], by: flow) }
        if let link = element as? LinkThrowEvent {
            lead(exit[id], to: definition.linkTarget(of: link).flatMap { entry[$0] })
        } else if outgoing.isEmpty, completesScope(element, of: parent), !definition.isForCompensation(id) {
            lead(exit[id], to: parent.map { exit[$0] } ?? end)
        }
        if let boundary = element as? any BoundaryElement, !leadFromThrowers(to: entry[id], of: element, in: parent) {
            let host = boundary.attachedTo
            if let inside = anywhere[host] {
                lead(inside, to: entry[id])
            } else if let host = entry[host] {
                if let place = entry[id] { places[place].beforeWork.append(host) }
            }
        }
        if definition.isForCompensation(id), let place = entry[id] {
            lead(anywhere[parent], to: place)
            places[place].isFromAnywhere = true
        }
        if element is EventSubProcess {
            let start = definition.eventSubprocesses(in: parent).first { $0.subprocess.id == id }?.start
            if !leadFromThrowers(to: entry[id], of: start, in: parent) { lead(anywhere[parent], to: entry[id]) }
        }
    }

    /// What catches errors or escalations, and nothing else, comes from where they are thrown: out of all scopes between. False for
    /// other events, and if nothing is known to throw them.
    private mutating func leadFromThrowers(
        to target: Int?, of event: (any FlowElement)?, in scope: ElementID?
    ) -> Bool {
        guard let target, let catcher = event as? any CodeCatcher,
            (event as? any TriggeredElement)?.triggers.isEmpty ?? true
        else { return false }
        let sources = subject.thrown.sources(caughtBy: catcher.id)
        var ways: [ElementID: Int] = [:]
        for source in sources {
            var left: [ElementID] = []
            var next = definition.parent(of: source.element)
            while let inner = next, inner != scope {
                left.append(inner)
                next = definition.parent(of: inner)
            }
            var place = target
            for inner in left.reversed() {
                let way = ways[inner] ?? addWay(outOf: inner, to: place)
                ways[inner] = way
                place = way
            }
            if source.isEvent {
                lead(exit[source.element], to: place)
            } else if let thrower = entry[source.element] {
                places[place].beforeWork.append(thrower)
            }
        }
        return !sources.isEmpty
    }

    private mutating func addWay(outOf scope: ElementID, to target: Int) -> Int {
        var way = Place(element: scope)
        way.restoring = entry[scope]
        way.locals = entry[scope].map { places[$0].locals } ?? []
        let number = add(way)
        lead(number, to: target)
        return number
    }

    /// Ends that leave their scope by another way do not complete it. An error that nothing catches lets a subprocess go on; the
    /// process ends with it.
    private func completesScope(_ element: any FlowElement, of parent: ElementID?) -> Bool {
        switch element {
        case is CancelEndEvent: return false
        case let event as ErrorEndEvent: return completesScope(event, of: parent)
        case let event as ThrowEvent:
            switch event.ending {
            case .error(let error): return completesScope(error, of: parent)
            case .cancel: return false
            case .terminate, nil: return true
            }
        default: return true  // The catalog of elements is open.
        }
    }

    private func completesScope(_ event: ErrorEndEvent, of parent: ElementID?) -> Bool {
        parent != nil && !Interruption(subject).ends(scopeOf: event)
    }

    private mutating func connectEntries(of scope: ElementID?, _ children: [any FlowElement]) {
        let isAdHoc = scope.map { definition.element($0) is AdHocSubProcess } ?? false
        let entries = Set(definition.entries(in: scope))
        for element in children where element is any StartElement || entries.contains(element.id) {
            guard let place = entry[element.id] else { continue }
            guard let scope else {
                places[place].isStart = true
                if !(element is any StartElement) { places[place].isFromAnywhere = true }
                continue
            }
            lead(entry[scope], to: place)
            // Activities of an ad-hoc subprocess run in any order.
            if isAdHoc { lead(anywhere[scope], to: place) }
        }
        if isAdHoc, let scope { lead(anywhere[scope], to: exit[scope]) }
    }
}

extension LoopCharacteristics {
    /// What its runs see of it.
    fileprivate var names: [String] {
        [
            "loopCounter", "nrOfInstances", "numberOfInstances", "nrOfActiveInstances", "numberOfActiveInstances",
            "nrOfCompletedInstances", "numberOfCompletedInstances", "numberOfTerminatedInstances",
        ] + (elementVariable.map { [$0] } ?? [])
    }

    fileprivate var mayRunNever: Bool {
        switch kind {
        case .instances(let cardinality, let collection): collection != nil || cardinality?.constantValue == nil
        case .standard(_, _, let testsBefore): testsBefore
        }
    }
}
