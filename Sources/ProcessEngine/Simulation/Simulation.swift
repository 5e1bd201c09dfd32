import DequeModule
package import Expressions
package import Values

/// Processes at work in memory, on a clock that stands still until it is moved: what instances do to each other (calls,
/// signals, messages) happens at once. For conformance and for the tests of those who write processes.
package struct Simulation: Sendable {
    /// One instance with all that happened in it.
    package struct Member: Sendable {
        package let id: InstanceID
        /// What it runs now: a migration changes it.
        package fileprivate(set) var definition: ProcessDefinition
        package fileprivate(set) var instance = ProcessInstance()
        package fileprivate(set) var journal: [Event] = []
        /// What the journal gives when it is read back as it would be stored; kept only where replay is checked.
        fileprivate var replica = ProcessInstance()
    }

    /// The order in which things happened, over all instances.
    package struct Moment: Sendable, Hashable {
        /// Index into `members`.
        package let member: Int
        /// Index into that member's journal.
        package let event: Int
        package let at: Timestamp
    }

    package private(set) var members: [Member] = []
    package private(set) var moments: [Moment] = []
    /// Decides every step twice and replays it from its stored form: costs as much again as the instance holds.
    package var checksReplay = false
    /// What that found: nothing, or our bug.
    package private(set) var replayFaults: [String] = []
    /// Whether instances do anything to each other: calls, messages and signals stay as they were asked for.
    package var isIsolated = false
    /// Call activities that are answered by `Command.endCall` from outside, not by an instance.
    package var heldCalls: Set<ElementID> = []
    package var now: Timestamp
    package var contracts: any TaskContracts
    package var decisions: any DecisionMaker
    /// Of times in expressions.
    package var zones: any ZoneRules
    /// By process, oldest version first.
    private var definitions: [String: [ProcessDefinition]] = [:]
    /// In the order of their deployment.
    private var processes: [String] = []
    private var effects: Deque<Effect> = []
    /// How long a message that an instance throws waits for somebody; nil: not at all.
    package var messageLife: Duration?
    /// Messages that nobody waited for so far, the oldest first.
    package private(set) var keptMessages: [KeptMessage] = []

    package struct KeptMessage: Sendable, Hashable {
        /// Of all that were kept.
        let number: Int
        package let name: String
        let key: JSON?
        let variables: [Variable]
        let element: ElementID?
        let until: Timestamp
    }

    private var lastMessage = 0
    /// Timer start events of the newest versions.
    private(set) var startTimers: [StartTimer] = []

    struct StartTimer: Sendable {
        let process: String
        let start: StartSubscription
        let trigger: TimerTrigger
        var dueAt: Timestamp
        var firings = 0
    }

    private enum Effect: Sendable {
        case call(CallEvent.Call, parent: InstanceID)
        case cancelCall(Int, parent: InstanceID)
        case signal(name: String, variables: [Variable], sender: InstanceID?)
        case message(ThrownMessage)
        case endCall(ParentCall, CallOutcome)
        case answer(Int, parent: InstanceID)
    }

    package init(
        _ definitions: [ProcessDefinition], now: Timestamp, contracts: any TaskContracts,
        decisions: any DecisionMaker = NoDecisions(), zones: any ZoneRules = FixedZones()
    ) {
        self.now = now
        self.zones = zones
        self.contracts = contracts
        self.decisions = decisions
        for definition in definitions { deploy(definition) }
    }

    package mutating func deploy(_ definition: ProcessDefinition) {
        if definitions[definition.process] == nil { processes.append(definition.process) }
        definitions[definition.process, default: []].append(definition)
        startTimers.removeAll { $0.process == definition.process }
        for start in definition.startSubscriptions {
            guard case .timer(let trigger) = start.kind,
                let due = trigger.firstDue(of: start.element, at: now, zones: zones)
            else {
                continue
            }
            startTimers.append(
                StartTimer(process: definition.process, start: start, trigger: trigger, dueAt: due))
        }
    }

    package func member(_ id: InstanceID) -> Member? { members.first { $0.id == id } }
    package func definition(of process: String) -> ProcessDefinition? { definitions[process]?.last }

    // MARK: Commands

    @discardableResult
    package mutating func start(
        _ process: String, variables: [Variable] = [], businessKey: String? = nil, at element: ElementID? = nil
    ) throws(Rejection) -> InstanceID {
        guard let definition = definitions[process]?.last else {
            throw Rejection(.gone, "there is no process \(process)")
        }
        let id = try start(
            definition,
            Command.Start(
                definition: newest(definition), variables: variables, businessKey: businessKey, startEvent: element))
        settleEffects()
        return id
    }

    /// Starts the newest version of a process as the command says.
    @discardableResult
    package mutating func start(_ command: Command.Start) throws(Rejection) -> InstanceID {
        guard let definition = definitions[command.definition.process]?.last else {
            throw Rejection(.gone, "there is no process \(command.definition.process)")
        }
        let id = try start(definition, command)
        settleEffects()
        return id
    }

    /// Starts the process that begins with the message.
    @discardableResult
    package mutating func start(
        message name: String, variables: [Variable] = [], businessKey: String? = nil
    ) throws(Rejection) -> InstanceID {
        guard let (process, start) = starts(with: .message(name: name)).first else {
            throw Rejection(.gone, "no process starts with the message \(name)")
        }
        return try self.start(
            Command.Start(
                definition: DefinitionID(process: process, version: definitions[process]?.count ?? 1),
                variables: variables, businessKey: businessKey, startEvent: start.element, trigger: start.trigger))
    }

    package mutating func send(_ command: Command, to id: InstanceID) throws(Rejection) {
        try decide(command, for: id)
        settleEffects()
    }

    /// For all instances that wait for it, and all processes that start with it.
    package mutating func signal(_ name: String, variables: [Variable] = []) {
        effects.append(.signal(name: name, variables: variables, sender: nil))
        settleEffects()
    }

    /// For the first subscription that fits, else for a process that starts with it; false if nothing waits for it.
    @discardableResult
    package mutating func publish(
        _ name: String, key: JSON? = nil, variables: [Variable] = [], to element: ElementID? = nil
    ) throws(Rejection) -> Bool {
        let found = try deliver(name, key: key, variables: variables, to: element)
        settleEffects()
        return found
    }

    /// The same, but a message that nobody waits for is kept for its time to live.
    package mutating func publish(
        _ name: String, key: JSON?, variables: [Variable], to element: ElementID?, timeToLive: Duration
    ) throws(Rejection) {
        guard try !publish(name, key: key, variables: variables, to: element) else { return }
        keep(name, key: key, variables: variables, to: element, for: timeToLive)
    }

    private mutating func keep(
        _ name: String, key: JSON?, variables: [Variable], to element: ElementID?, for life: Duration
    ) {
        lastMessage += 1
        keptMessages.append(
            KeptMessage(
                number: lastMessage, name: name, key: key, variables: variables, element: element,
                until: now.advanced(by: life)))
    }

    /// Gives the oldest message that somebody waits for by now; false if there is none.
    private mutating func deliverKept() -> Bool {
        for (index, message) in keptMessages.enumerated() where message.until > now {
            guard let (id, subscription) = receiver(of: message.name, key: message.key, at: message.element) else {
                continue
            }
            keptMessages.remove(at: index)
            try? decide(.correlate(subscription: subscription, variables: message.variables), for: id)
            return true
        }
        return false
    }

    /// Fires every timer that is due until then, the earliest first.
    package mutating func advance(to time: Timestamp) throws(Rejection) {
        for _ in 0..<Engine.transitionLimit {
            let next = nextTimer.flatMap { $0.timer.dueAt <= time ? $0 : nil }
            let start = startTimers.indices.min { startTimers[$0].dueAt < startTimers[$1].dueAt }
            if let start, startTimers[start].dueAt <= time,
                next.map({ startTimers[start].dueAt < $0.timer.dueAt }) ?? true
            {
                try fireStartTimer(at: start)
            } else if let next {
                now = max(now, next.timer.dueAt)
                try send(.fireTimer(number: next.timer.number), to: next.id)
            } else {
                break
            }
        }
        now = max(now, time)
    }

    /// Moves the clock to when a timer start event is due, and starts its process.
    mutating func fireStartTimer(at index: Int) throws(Rejection) {
        var timer = startTimers.remove(at: index)
        now = max(now, timer.dueAt)
        timer.firings += 1
        if let due = timer.trigger.nextDue(after: timer.dueAt, firings: timer.firings, now: now, zones: zones) {
            timer.dueAt = due
            startTimers.insert(timer, at: index)
        }
        guard let definition = definitions[timer.process]?.last else { return }
        try start(definition, variables: [], at: timer.start)
        settleEffects()
    }

    /// The timer that is due first.
    package var nextTimer: (id: InstanceID, timer: OpenTimer)? {
        let all = members.flatMap { member in member.instance.openTimers.map { (id: member.id, timer: $0) } }
        return all.min { $0.timer.dueAt < $1.timer.dueAt }
    }

    // MARK: Effects

    private mutating func settleEffects() {
        guard !isIsolated else { return effects.removeAll() }
        for _ in 0..<Engine.transitionLimit {
            if let effect = effects.popFirst() {
                carryOut(effect)
            } else if let (id, timer) = savePoint {
                try? decide(.fireTimer(number: timer), for: id)
            } else if !deliverKept() {
                return
            }
        }
    }

    /// A save point, which is due at once.
    private var savePoint: (InstanceID, Int)? {
        for member in members where !member.instance.isEnded {
            for case let savePoint? in member.instance.activeActivities.map(\.savePoint) {
                return (member.id, savePoint.timer)
            }
        }
        return nil
    }

    /// What cannot be done any more, because its receiver is gone, is not done.
    private mutating func carryOut(_ effect: Effect) {
        switch effect {
        case .call(let call, let parent): if !heldCalls.contains(call.element) { begin(call, for: parent) }
        case .cancelCall(let call, let parent):
            if let child = child(of: call, parent) { try? decide(.cancel(reason: "its call was canceled"), for: child) }
        case .answer(let call, let parent):
            if let child = child(of: call, parent) { try? decide(.answerEscalation, for: child) }
        case .signal(let name, let variables, let sender):
            let hearing = members.filter { $0.id != sender && !$0.instance.isEnded }
            let heard = hearing.flatMap { member in
                member.instance.openSubscriptions.filter { $0.kind == .signal(name: name) }
                    .map { (process: member.definition.process, element: $0.element) }
            }
            for id in hearing.map(\.id) { try? decide(.signal(name: name, variables: variables), for: id) }
            for (process, start) in starts(with: .signal(name: name)) {
                guard let definition = definitions[process]?.last else { continue }
                let isAwaited =
                    start.isParallel && heard.contains { $0.process == process && $0.element == start.element }
                if !isAwaited { _ = try? self.start(definition, variables: variables, at: start) }
            }
        case .message(let message):
            let isTaken = try? deliver(message.name, key: message.correlationKey, variables: message.variables, to: nil)
            if isTaken != true, let messageLife {
                keep(
                    message.name, key: message.correlationKey, variables: message.variables, to: nil, for: messageLife)
            }
        case .endCall(let parent, let outcome): try? decide(.endCall(call: parent.call, outcome), for: parent.instance)
        }
    }

    private func child(of call: Int, _ parent: InstanceID) -> InstanceID? {
        members.first { $0.instance.parent == ParentCall(instance: parent, call: call) && !$0.instance.isEnded }?.id
    }

    private mutating func begin(_ call: CallEvent.Call, for parent: InstanceID) {
        let parentCall = ParentCall(instance: parent, call: call.call)
        guard let definition = called(call.target) else {
            let outcome = CallOutcome.failed(message: "there is no such process")
            return effects.append(.endCall(parentCall, outcome))
        }
        do throws(Rejection) {
            _ = try start(
                definition,
                Command.Start(
                    definition: newest(definition), variables: call.variables, businessKey: call.businessKey,
                    parent: parentCall, caughtErrors: call.catches))
        } catch {
            effects.append(.endCall(parentCall, .failed(message: error.message)))
        }
    }

    private func called(_ target: CallTarget) -> ProcessDefinition? {
        let versions = definitions[target.process] ?? []
        switch target.binding {
        case .latest, .deployment, .contract: return versions.last
        case .versionTag(let tag): return versions.last { $0.versionTag == tag }
        case .version(let number): return versions.indices.contains(number - 1) ? versions[number - 1] : nil
        }
    }

    private mutating func deliver(
        _ name: String, key: JSON?, variables: [Variable], to element: ElementID?
    ) throws(Rejection) -> Bool {
        if let (id, subscription) = receiver(of: name, key: key, at: element) {
            try decide(.correlate(subscription: subscription, variables: variables), for: id)
            return true
        }
        guard let (process, start) = starts(with: .message(name: name)).first,
            let definition = definitions[process]?.last
        else { return false }
        try self.start(definition, variables: variables, at: start)
        return true
    }

    /// Found before it is told: who is told while the members are gone through pays for a copy of all journals.
    private func receiver(of name: String, key: JSON?, at element: ElementID?) -> (InstanceID, Int)? {
        for member in members {
            for subscription in member.instance.openSubscriptions {
                guard case .message(name, let wanted) = subscription.kind, key == nil || wanted == nil || wanted == key,
                    element == nil || subscription.element == element
                else { continue }
                return (member.id, subscription.number)
            }
        }
        return nil
    }

    private func starts(with kind: StartSubscription.Kind) -> [(process: String, start: StartSubscription)] {
        processes.flatMap { process in
            (definitions[process]?.last?.startSubscriptions ?? []).filter { $0.kind == kind }.map { (process, $0) }
        }
    }

    // MARK: Instances

    @discardableResult
    private mutating func start(
        _ definition: ProcessDefinition, variables: [Variable], at start: StartSubscription
    ) throws(Rejection) -> InstanceID {
        try self.start(
            definition,
            Command.Start(
                definition: newest(definition), variables: variables, startEvent: start.element,
                trigger: start.trigger))
    }

    private func newest(_ definition: ProcessDefinition) -> DefinitionID {
        DefinitionID(process: definition.process, version: definitions[definition.process]?.count ?? 1)
    }

    private mutating func start(
        _ definition: ProcessDefinition, _ start: Command.Start
    ) throws(Rejection) -> InstanceID {
        let id = InstanceID("instance-\(members.count + 1)")
        let member = Member(id: id, definition: definition)
        let events = try decided(.start(start), for: member)
        members.append(member)
        take(events, at: members.count - 1)
        return id
    }

    private mutating func decide(_ command: Command, for id: InstanceID) throws(Rejection) {
        guard let index = members.firstIndex(where: { $0.id == id }) else {
            throw Rejection(.gone, "there is no instance \(id)")
        }
        let events = try decided(command, for: members[index])
        if case .migrate(let plan) = command { members[index].definition = plan.target.definition }
        take(events, at: index)
    }

    private mutating func decided(_ command: Command, for member: Member) throws(Rejection) -> [Event] {
        let surroundings = surroundings(of: member.id)
        let events = try Engine.decide(command, for: member.instance, of: member.definition, in: surroundings)
        guard checksReplay else { return events }
        let (again, after) = try Engine.advance(command, member.instance, of: member.definition, in: surroundings)
        if again != events { replayFaults.append("\(member.id): \(command) was decided differently the second time") }
        var applied = member.instance
        applied.apply(events)
        if applied != after { replayFaults.append("\(member.id): \(command) led to another state than its events") }
        return events
    }

    private func surroundings(of instance: InstanceID) -> Surroundings {
        var surroundings = Surroundings(now: now, contracts: contracts, decisions: decisions, zones: zones)
        surroundings.instance = instance
        return surroundings
    }

    private mutating func take(_ events: [Event], at index: Int) {
        let first = members[index].journal.count
        members[index].instance.apply(events)
        members[index].journal += events
        moments += events.indices.map { Moment(member: index, event: first + $0, at: now) }
        if checksReplay { replay(events, at: index) }
        let member = members[index]
        for event in events {
            if case .call(.requested(let call)) = event { effects.append(.call(call, parent: member.id)) }
            if case .call(.escalated(let call)) = event { effects.append(.answer(call, parent: member.id)) }
            if case .call(.canceled(let call)) = event { effects.append(.cancelCall(call, parent: member.id)) }
            if case .thrown(let thrown) = event { take(thrown, from: member) }
            if case .instanceEnded(let end) = event, let parent = member.instance.parent {
                effects.append(.endCall(parent, outcome(of: end, member)))
            }
        }
    }

    private mutating func replay(_ events: [Event], at index: Int) {
        let member = members[index]
        do throws(Diagnostics) {
            members[index].replica.apply(try EventCoding.decode(EventCoding.encode(events).bytes))
        } catch {
            replayFaults.append("\(member.id): what was written cannot be read: \(error)")
        }
        guard members[index].replica != member.instance else { return }
        replayFaults.append("\(member.id): another state comes of the journal after \(member.journal.count) events")
    }

    private mutating func take(_ thrown: ThrownEvent, from member: Member) {
        switch thrown {
        case .signal(let name, _, let variables):
            effects.append(.signal(name: name, variables: variables, sender: member.id))
        case .message(let message): effects.append(.message(message))
        case .uncaughtError: return
        case .escalation(let code, _, let catcher, let variables):
            if catcher == nil, let parent = member.instance.parent {
                let called = member.instance.rootVariables + variables
                effects.append(.endCall(parent, .escalation(code: code, variables: called)))
            }
        }
    }

    private func outcome(of end: Event.InstanceEnd, _ member: Member) -> CallOutcome {
        switch end {
        case .completed: .completed(member.instance.rootVariables)
        case .completedWithError(let code, let message): member.instance.outcome(ofError: code, message)
        case .canceled(let reason): .failed(message: reason)
        }
    }
}
