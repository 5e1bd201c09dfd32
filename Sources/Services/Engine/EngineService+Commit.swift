import Delivery
import Logging
import OrderedCollections
import ProcessEngine
import Values

/// What the commands of one instance in one batch lead to. A class: it is large, and handed on from step to step.
private final class Decision {
    let before: CachedInstance
    var items: [PendingWork] = []
    var outcomes: [WorkOutcome?] = []
    /// Commands that this transition cannot hold: they are decided after its commit.
    var deferred: [PendingWork] = []
    var after: ProcessInstance
    /// What it runs after them: a migration changes it.
    var definitionID: DefinitionID
    var definition: ProcessDefinition
    var transition: Transition?
    var created: [Int: JSON] = [:]

    init(_ before: CachedInstance) {
        self.before = before
        after = before.instance
        definitionID = before.definitionID
        definition = before.definition
    }

    var rejects: Bool {
        outcomes.contains { if case .rejected? = $0 { true } else { false } }
    }
}

extension EngineService {
    /// Decides and commits one batch, and answers it.
    func commit(_ work: [PendingWork]) async {
        var groups: OrderedDictionary<InstanceID, [PendingWork]> = [:]
        var marks: [(mark: LeaseMark, item: PendingWork?)] = []
        for item in work {
            switch item.work {
            case .command(let instance, _, let fence, _, _):
                groups[instance, default: []].append(item)
                if let fence { lazyMarks.forget(fence.task, attempt: fence.attempt) }
            case .mark(let mark): marks.append((mark, item))
            }
        }
        // A mark that is young may be overtaken by its task's result, and is then not needed.
        let ripe = time.now.advanced(by: configuration.markDelay - configuration.markPatience)
        let marksDueBy = stopping ? Timestamp(millisecondsSinceEpoch: .max) : ripe
        marks += lazyMarks.take(dueBy: marksDueBy).map { ($0, nil) }
        var committing: [Decision] = []
        let surroundings = await surroundings()
        for (id, items) in groups {
            guard let decision = await decide(items, for: id, in: surroundings) else { continue }
            if decision.transition == nil {
                finish(decision, .committed(position: 0))
            } else {
                committing.append(decision)
            }
        }
        // The polls that the last commit answered are back by now: those that wait to be parked are demand as well.
        await Task.yield()
        let transitions = committing.compactMap { takeTransition(of: $0) }
        guard !transitions.isEmpty || !marks.isEmpty else { return }
        do {
            let began = time.now
            let receipt = try await store.commit(transitions, marks: marks.map(\.mark))
            counters.commitTimes.add(time.now.duration(since: began))
            counters.commits.add(1)
            for (index, outcome) in receipt.outcomes.enumerated() {
                if outcome.isCommitted { settle(transitions[index], after: committing[index]) }
                finish(committing[index], outcome)
            }
            for (entry, applied) in zip(marks, receipt.markOutcomes) {
                if let item = entry.item { answer(item, applied ? .committed(position: 0) : .stale) }
                if applied, case .released(let dueAt) = entry.mark.change { wake(at: dueAt) }
            }
            polls.answerTaken()
            polls.resumeStale()
            committed.fire()
            if transitions.indices.contains(where: { transitions[$0].isSending && receipt.outcomes[$0].isCommitted }) {
                sending.fire()
            }
        } catch {
            // Nobody knows whether it was stored: what the cache holds may be old.
            for decision in committing {
                cache.remove(decision.before.id)
                polls.giveBack(decision.before.id)
            }
            log.error("commit failed: \(error)")
            await settle(failed: error, committing.map { $0.items + $0.deferred }, marks)
        }
    }

    /// One transition that the store refuses for what is in it does not take the others with it: each is committed by itself.
    private func settle(
        failed error: any Error, _ groups: [[PendingWork]], _ marks: [(mark: LeaseMark, item: PendingWork?)]
    ) async {
        guard (error as? StoreError)?.kind == .misuse, groups.count + marks.count > 1 else {
            for item in groups.joined() { answer(item, .failed(error)) }
            for entry in marks { if let item = entry.item { answer(item, .failed(error)) } }
            return
        }
        for group in groups { await commit(group) }
        for entry in marks {
            if let item = entry.item { await commit([item]) } else { lazyMarks.add(entry.mark, dueAt: time.now) }
        }
    }

    /// What `decide` may know at this moment.
    func surroundings() async -> Surroundings {
        Surroundings(
            now: time.now, contracts: await registry.contracts, decisions: await registry.decisions,
            zones: configuration.zones)
    }

    /// Decides the commands of one instance in turn. Nil when all of them are answered already.
    private func decide(
        _ items: [PendingWork], for id: InstanceID, in surroundings: Surroundings
    ) async -> Decision? {
        do {
            guard let before = try await load(id, items: items) else { return nil }
            let decision = decide(items, from: before, in: surroundings)
            guard decision.rejects, let newer = try await caughtUp(before) else { return decision }
            // It was rejected for what it had become elsewhere.
            return decide(items, from: newer, in: surroundings)
        } catch {
            // An instance that cannot be read holds up none of the others.
            let outcome: WorkOutcome = Self.isDamage(error) ? .unreadable(error) : .failed(error)
            for item in items { answer(item, outcome) }
            log.error("instance \(id) cannot be read: \(error)")
            return nil
        }
    }

    private static func isDamage(_ error: any Error) -> Bool {
        if let error = error as? StoreError { error.kind == .corrupt } else { error is Diagnostics }
    }

    private func decide(
        _ items: [PendingWork], from before: CachedInstance, in surroundings: Surroundings
    ) -> Decision {
        let decision = Decision(before)
        var surroundings = surroundings
        surroundings.instance = before.id
        var fences = TransitionFences()
        var events: [Event] = []
        var startKey: String?
        var uniqueKey: String?
        var entries: [Int64] = []
        for item in items {
            guard case .command(_, let command, let fence, let key, let entry) = item.work else { continue }
            if let fence, !fences.admits(fence) {
                decision.deferred.append(item)
                continue
            }
            decision.items.append(item)
            do {
                let (step, after) = try Engine.advance(
                    command, decision.after, of: decision.definition, in: surroundings)
                decision.after = after
                if case .migrate(let plan) = command {
                    decision.definitionID = plan.target.id
                    decision.definition = plan.target.definition
                }
                if events.isEmpty { events = step } else { events += step }
                if let fence { fences.take(fence, for: step) }
                startKey = startKey ?? key
                if case .start(let start) = command { uniqueKey = start.uniqueKey }
                // Without events there is no transition to take it away.
                if let entry, !step.isEmpty { entries.append(entry) }
                decision.outcomes.append(nil)
            } catch {
                decision.outcomes.append(.rejected(error))
            }
        }
        guard !events.isEmpty else { return decision }
        let encoded = EventCoding.encode(events)
        var transition = Transition(
            instance: before.id, seq: before.seq + 1, at: surroundings.now, events: encoded.bytes)
        transition.fences = fences.all
        transition.startKey = startKey
        transition.uniqueKey = uniqueKey
        if decision.after.isEnded { transition.freesKey = decision.after.uniqueKey }
        transition.consumes = entries
        decision.created = transition.derive(
            from: events, inputRanges: encoded.inputRanges, before: before.instance, after: decision.after,
            definition: decision.definitionID, lost: fences.lost)
        transition.deriveEffects(
            of: events, before: before.instance, after: decision.after, definition: decision.definitionID)
        decision.transition = transition
        return decision
    }

    private func finish(_ decision: Decision, _ outcome: CommitReceipt.Outcome) {
        let id = decision.before.id
        // Behind those that are decided again.
        defer { pending += decision.deferred }
        switch outcome {
        case .committed(let position):
            lastPosition = max(lastPosition, position)
            for (item, known) in zip(decision.items, decision.outcomes) {
                answer(item, known ?? .committed(position: position))
            }
        case .conflict:
            cache.remove(id)
            polls.giveBack(id)
            retry(decision.items)
        case .fenceLost(let tasks):
            polls.giveBack(id)
            var others: [PendingWork] = []
            for item in decision.items {
                if case .command(_, _, let fence?, _, _) = item.work, tasks.contains(fence.task) {
                    answer(item, .stale)
                } else {
                    others.append(item)
                }
            }
            retry(others)
        case .consumed(let entries):
            polls.giveBack(id)
            var others: [PendingWork] = []
            for item in decision.items {
                if case .command(_, _, _, _, let entry?) = item.work, entries.contains(entry) {
                    answer(item, .stale)
                } else {
                    others.append(item)
                }
            }
            retry(others)
        case .keyTaken(let existing):
            polls.giveBack(id)
            for item in decision.items { answer(item, .existing(existing)) }
        case .uniqueKeyTaken(let holder):
            polls.giveBack(id)
            let key = decision.after.businessKey ?? ""
            let workflow = decision.after.labels.workflow ?? decision.definitionID.process
            let rejection = Rejection(
                .conflict,
                "the business key '\(key)' of \(workflow) is in use: instance \(holder) runs with it; end it first, or take another key"
            )
            for item in decision.items { answer(item, .rejected(rejection)) }
        }
    }

    /// After the commit of a transition: the cache, and what its tasks and timers mean for those who wait.
    private func settle(_ transition: Transition, after decision: Decision) {
        let before = decision.before
        if decision.after.isEnded {
            cache.remove(before.id)
        } else {
            cache.insert(
                CachedInstance(
                    id: before.id, instance: decision.after, seq: transition.seq, definitionID: decision.definitionID,
                    definition: decision.definition, bytes: before.bytes + transition.events.count))
        }
        for change in transition.tasks {
            switch change {
            case .create(let task):
                if task.lease == nil, !task.isPaused { polls.created(task.contract) }
            case .remove, .suspend: polls.freed()
            case .reschedule(_, _, let dueAt, _, _):
                polls.freed()
                wake(at: dueAt)
            }
        }
        if transition.pauses == false { for task in decision.after.openTasks { polls.created(task.contract) } }
        for case .schedule(_, let dueAt) in transition.timers { wake(at: dueAt) }
        if !transition.inbox.isEmpty || transition.subscriptions.contains(where: \.isNewMessage) { inboxSignal.fire() }
    }

    private func retry(_ items: [PendingWork]) {
        for item in items {
            item.conflicts += 1
            counters.conflicts.add(1)
            if item.conflicts > configuration.conflictLimit {
                answer(
                    item, .failed(StoreError(.unavailable, "too many processes write this instance at once; try again"))
                )
            } else {
                pending.append(item)
            }
        }
    }

    /// The instance as it is now, as far as known here; new for a start. Nil, with all items answered, if there is none.
    private func load(_ id: InstanceID, items: [PendingWork]) async throws -> CachedInstance? {
        if let cached = cache[id] { return cached }
        let missing: Rejection
        if case .command(_, .start(let start), _, _, _)? = items.first?.work {
            if let definition = try await registry.definition(start.definition) {
                return CachedInstance(
                    id: id, instance: ProcessInstance(), seq: 0, definitionID: start.definition, definition: definition,
                    bytes: 0)
            }
            missing = Rejection(.gone, "the process \(start.definition) is not deployed")
        } else {
            if let folded = try await fold(id) { return folded }
            missing = Rejection(.gone, "there is no instance \(id)")
        }
        for item in items { answer(item, .rejected(missing)) }
        return nil
    }

    /// The instance with the rows that somebody else wrote since; nil if there are none.
    private func caughtUp(_ known: CachedInstance) async throws -> CachedInstance? {
        let rows = try await store.journal(of: known.id, after: known.seq)
        guard let last = rows.last else { return nil }
        var instance = known.instance
        for row in rows { instance.apply(try EventCoding.decode(row.events)) }
        let runs = instance.definition ?? known.definitionID
        return CachedInstance(
            id: known.id, instance: instance, seq: last.seq, definitionID: runs,
            definition: runs == known.definitionID ? known.definition : try await definition(runs, of: known.id),
            bytes: rows.reduce(known.bytes) { $0 + $1.events.count })
    }

    /// An instance from its journal; nil if it never started.
    func fold(_ id: InstanceID) async throws -> CachedInstance? {
        let rows = try await store.journal(of: id, after: 0)
        // One without its beginning is being removed.
        guard let last = rows.last, rows.first?.seq == 1 else { return nil }
        var instance = ProcessInstance()
        for row in rows { instance.apply(try EventCoding.decode(row.events)) }
        guard let runs = instance.definition else {
            throw StoreError(.corrupt, "the journal of instance \(id) does not begin with its start")
        }
        let folded = CachedInstance(
            id: id, instance: instance, seq: last.seq, definitionID: runs,
            definition: try await definition(runs, of: id), bytes: rows.reduce(0) { $0 + $1.events.count })
        if !instance.isEnded { cache.insert(folded) }
        return folded
    }

    private func definition(_ wanted: DefinitionID, of instance: InstanceID) async throws -> ProcessDefinition {
        guard let definition = try await registry.definition(wanted) else {
            throw StoreError(.corrupt, "the process definition \(wanted) of instance \(instance) is not in the store")
        }
        return definition
    }

    /// The transition, whose new tasks are given to parked polls: the lease is part of the same commit.
    private func takeTransition(of decision: Decision) -> Transition? {
        guard var transition = decision.transition.take() else { return nil }
        guard !polls.isEmpty, !decision.created.isEmpty else { return transition }
        for index in transition.tasks.indices {
            guard case .create(var task) = transition.tasks[index], !task.isPaused,
                let input = decision.created[task.number],
                let lease = polls.reserve(
                    task, of: transition.instance, input: input, now: transition.at, token: { self.newToken() })
            else { continue }
            task.lease = lease
            transition.tasks[index] = .create(task)
        }
        return transition
    }

    func newToken() -> String {
        let (high, low) = random.next()
        return Hex.text(high) + Hex.text(low)
    }
}

extension Transition {
    fileprivate var isSending: Bool { !outbox.isEmpty }
}

extension CommitReceipt.Outcome {
    fileprivate var isCommitted: Bool {
        if case .committed = self { true } else { false }
    }
}

extension SubscriptionChange {
    /// A message may have waited for it.
    fileprivate var isNewMessage: Bool {
        if case .open(let new) = self { new.kind == .message } else { false }
    }
}
