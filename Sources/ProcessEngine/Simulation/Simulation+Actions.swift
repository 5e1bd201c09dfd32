package import Values

/// What the world does to simulated processes, by the names that modelers know: elements, not numbers.
extension Simulation {
    package enum Action: Sendable, Hashable {
        case start(process: String, variables: [Variable], businessKey: String? = nil, at: ElementID? = nil)
        case startByMessage(String, variables: [Variable], businessKey: String? = nil)
        /// A task, a user task or a held call is done.
        case complete(Place, [Variable])
        case fail(Place, TaskFailure)
        case throwError(Place, BPMNError)
        /// An agent reports an event of its contract.
        case report(Place, name: String, payload: JSON)
        case claim(Place, assignee: String?)
        case escalate(Place, code: String, variables: [Variable])
        /// One that nobody waits for is kept for its time to live, if it has one.
        case publish(String, key: JSON?, variables: [Variable], to: ElementID?, timeToLive: Duration? = nil)
        case signal(String, variables: [Variable])
        /// What waits for a call, and not for a message: a receive task without one.
        case trigger(Place, [Variable])
        /// Moves the clock to when the timer is due, and fires it.
        case fireTimer(Place)
        case advance(Duration)
        /// Of the first instance.
        case setVariables([Variable])
        case resolveIncident(Place, retries: Int?)
        /// The first instance.
        case cancel(reason: String)
    }

    /// An element, in a process if several have one of that id.
    package struct Place: Sendable, Hashable, CustomStringConvertible {
        package let process: String?
        package let element: ElementID

        package init(_ element: ElementID, in process: String? = nil) {
            self.process = process
            self.element = element
        }

        package var description: String { process.map { "\($0)/\(element)" } ?? element.text }
    }

    /// What an action finds open is the oldest of its element, in the oldest instance that has one. `gone`: nothing is open
    /// for it.
    package mutating func perform(_ action: Action) throws(Rejection) {
        switch action {
        case .start(let process, let variables, let businessKey, let element):
            try start(process, variables: variables, businessKey: businessKey, at: element)
        case .startByMessage(let name, let variables, let businessKey):
            try start(message: name, variables: variables, businessKey: businessKey)
        case .complete(let place, let variables): try complete(place, variables)
        case .fail(let place, let failure): try fail(place, failure)
        case .throwError(let place, let error): try throwError(place, error)
        case .report(let place, let name, let payload):
            let (id, task) = try found(place, in: \.openTasks, element: \.element, "task")
            try send(.recordTaskEvent(number: task.number, name: name, payload: payload), to: id)
        case .claim(let place, let assignee):
            let (id, task) = try found(place, in: \.openUserTasks, element: \.element, "user task")
            try send(.claimUserTask(number: task.number, assignee: assignee), to: id)
        case .escalate(let place, let code, let variables):
            let (id, task) = try found(place, in: \.openUserTasks, element: \.element, "user task")
            try send(.escalateUserTask(number: task.number, code: code, variables: variables), to: id)
        case .publish(let name, let key, let variables, let element, let timeToLive?):
            try publish(name, key: key, variables: variables, to: element, timeToLive: timeToLive)
        case .publish(let name, let key, let variables, let element, nil):
            guard try publish(name, key: key, variables: variables, to: element) else {
                throw Rejection(.gone, "nothing waits for the message \(name)")
            }
        case .signal(let name, let variables): signal(name, variables: variables)
        case .trigger(let place, let variables):
            let (id, open) = try found(place, in: \.openSubscriptions, element: \.element, "subscription")
            try send(.correlate(subscription: open.number, variables: variables), to: id)
        case .fireTimer(let place):
            if open(place, in: \.openTimers, element: \.element) == nil, let index = startTimer(at: place) {
                return try fireStartTimer(at: index)
            }
            let (id, timer) = try found(place, in: \.openTimers, element: \.element, "timer")
            now = max(now, timer.dueAt)
            try send(.fireTimer(number: timer.number), to: id)
        case .advance(let duration): try advance(to: now.advanced(by: duration))
        case .setVariables(let variables):
            if let first = members.first { try send(.setVariables(variables), to: first.id) }
        case .resolveIncident(let place, let retries):
            let (id, incident) = try found(place, in: \.openIncidents, element: \.element, "incident")
            try send(.resolveIncident(number: incident.number, retries: retries), to: id)
        case .cancel(let reason): if let first = members.first { try send(.cancel(reason: reason), to: first.id) }
        }
    }

    private func startTimer(at place: Place) -> Int? {
        startTimers.firstIndex {
            $0.start.element == place.element && (place.process == nil || place.process == $0.process)
        }
    }

    private mutating func complete(_ place: Place, _ variables: [Variable]) throws(Rejection) {
        if let (id, task) = open(place, in: \.openTasks, element: \.element) {
            return try send(.completeTask(number: task.number, output: variables), to: id)
        }
        if let (id, call) = open(place, in: \.openCalls, element: \.element) {
            return try send(.endCall(call: call.call, .completed(variables)), to: id)
        }
        let (id, task) = try found(place, in: \.openUserTasks, element: \.element, "task")
        try send(.completeUserTask(number: task.number, variables: variables), to: id)
    }

    private mutating func fail(_ place: Place, _ failure: TaskFailure) throws(Rejection) {
        if let (id, call) = open(place, in: \.openCalls, element: \.element) {
            return try send(.endCall(call: call.call, .failed(message: failure.message)), to: id)
        }
        let (id, task) = try found(place, in: \.openTasks, element: \.element, "task")
        try send(.failTask(number: task.number, failure), to: id)
    }

    private mutating func throwError(_ place: Place, _ error: BPMNError) throws(Rejection) {
        if let (id, task) = open(place, in: \.openUserTasks, element: \.element) {
            return try send(.throwUserTaskError(number: task.number, error), to: id)
        }
        if let (id, call) = open(place, in: \.openCalls, element: \.element) {
            return try send(.endCall(call: call.call, .thrown(error)), to: id)
        }
        let (id, task) = try found(place, in: \.openTasks, element: \.element, "task")
        try send(.throwError(number: task.number, error), to: id)
    }

    private func found<Item>(
        _ place: Place, in items: KeyPath<ProcessInstance, [Item]>, element: KeyPath<Item, ElementID>, _ what: String
    ) throws(Rejection) -> (InstanceID, Item) {
        if let found = open(place, in: items, element: element) { return found }
        throw Rejection(.gone, "\(place) has no open \(what)", element: place.element)
    }

    /// The first open one of an element, oldest instance first.
    package func open<Item>(
        _ place: Place, in items: KeyPath<ProcessInstance, [Item]>, element: KeyPath<Item, ElementID>
    ) -> (InstanceID, Item)? {
        for member in members where !member.instance.isEnded {
            guard place.process == nil || place.process == member.definition.process,
                let item = member.instance[keyPath: items].first(where: { $0[keyPath: element] == place.element })
            else { continue }
            return (member.id, item)
        }
        return nil
    }
}
