import Delivery
import Foundation
import GRDB
import ProcessEngine
import Services
import Values

/// `ProcessStore.commit`, inside its transaction.
struct Commit {
    let database: Database

    /// Transitions come before marks: a result counts even if the same batch gives the task back.
    func run(_ transitions: [Transition], _ marks: [LeaseMark]) throws -> CommitReceipt {
        var outcomes: [CommitReceipt.Outcome] = []
        outcomes.reserveCapacity(transitions.count)
        for transition in transitions { outcomes.append(try outcome(of: transition)) }
        return CommitReceipt(outcomes: outcomes, markOutcomes: try marks.map(apply))
    }

    private func outcome(of transition: Transition) throws -> CommitReceipt.Outcome {
        if let position = try storeIfPlain(transition) { return .committed(position: position) }
        if let refusal = try refusal(of: transition) { return refusal }
        try database.run(
            "INSERT INTO journal (instance, seq, at, events) VALUES (?, ?, ?, ?)",
            [transition.instance.text, transition.seq, transition.at.stored, transition.events])
        return .committed(position: try store(transition, at: database.lastInsertedRowID))
    }

    /// Most transitions hold by their seq and one fence: the statement that inserts the row asks for both. Nil, with nothing
    /// stored, for others and for those that do not hold.
    private func storeIfPlain(_ transition: Transition) throws -> Int64? {
        guard transition.startKey == nil, transition.uniqueKey == nil, transition.consumes.isEmpty,
            transition.fences.count <= 1
        else { return nil }
        let fence = transition.fences.first
        guard fence.map({ $0.task.instance == transition.instance }) ?? true else { return nil }
        // Not INSERT … SELECT: what reads the table that it inserts into is held in a table of its own first. A row without a seq
        // is ignored.
        let isStored = try database.changes(
            """
            INSERT OR IGNORE INTO journal (instance, seq, at, events) VALUES (
                ?1,
                iif(
                    ?2 = 1 + coalesce((SELECT max(seq) FROM journal WHERE instance = ?1), 0)
                        AND (?5 IS NULL OR EXISTS (
                            SELECT 1 FROM task WHERE instance = ?1 AND number = ?5 AND attempt = ?6 AND token = ?7
                                AND (NOT ?8 OR lease_until IS NOT NULL) AND (?9 IS NULL OR lease_until <= ?9))),
                    ?2, NULL),
                ?3, ?4)
            """,
            [
                transition.instance.text, transition.seq, transition.at.stored, transition.events,
                fence?.task.number, fence?.attempt, fence?.token, fence?.mustBeOut ?? false, fence?.expiredAt?.stored,
            ])
        return isStored ? try store(transition, at: database.lastInsertedRowID) : nil
    }

    /// Why a transition cannot be stored; nil if it can. A taken key comes first, as it says most to the caller: the
    /// start that it repeats is done.
    private func refusal(of transition: Transition) throws -> CommitReceipt.Outcome? {
        if let key = transition.startKey, let instance = try database.instance(startedWith: key) {
            return .keyTaken(instance)
        }
        if let key = transition.uniqueKey, let instance = try database.instance(startedWith: key) {
            return .uniqueKeyTaken(instance)
        }
        let last = try database.first(
            "SELECT max(seq) FROM journal WHERE instance = ?", [transition.instance.text]
        ) { row in row[0] as Int? }
        guard transition.seq == (last.flatMap { $0 } ?? 0) + 1 else { return .conflict }
        let lost = try transition.fences.filter { try !holds($0) }
        guard lost.isEmpty else { return .fenceLost(lost.map(\.task)) }
        let gone = try transition.consumes.filter { entry in
            try database.first("SELECT 1 FROM inbox WHERE id = ?", [entry]) { _ in true } == nil
        }
        return gone.isEmpty ? nil : .consumed(gone)
    }

    private func holds(_ fence: Fence) throws -> Bool {
        // An attempt is out, and not yet counted as failed, as long as it has a lease.
        try database.first(
            """
            SELECT 1 FROM task WHERE instance = ?1 AND number = ?2 AND attempt = ?3 AND token = ?4
                AND (NOT ?5 OR lease_until IS NOT NULL) AND (?6 IS NULL OR lease_until <= ?6)
            """,
            [
                fence.task.instance.text, fence.task.number, fence.attempt, fence.token, fence.mustBeOut,
                fence.expiredAt?.stored,
            ]
        ) { _ in true } ?? false
    }

    /// All but the journal row, which has that position.
    private func store(_ transition: Transition, at position: Int64) throws -> Int64 {
        for key in [transition.startKey, transition.uniqueKey].compactMap(\.self) {
            try database.run("INSERT INTO start_key (key, instance) VALUES (?, ?)", [key, transition.instance.text])
        }
        if let key = transition.freesKey { try database.run("DELETE FROM start_key WHERE key = ?", [key]) }
        if let moves = transition.moves { try apply(moves, to: transition.instance) }
        for change in transition.tasks { try store(change, of: transition, at: position) }
        if let pauses = transition.pauses {
            try database.run("UPDATE task SET paused = ? WHERE instance = ?", [pauses, transition.instance.text])
        }
        for change in transition.timers { try store(change, of: transition) }
        for message in transition.outbox {
            try database.run(
                "INSERT INTO outbox (exchange, routing_key, type, body) VALUES (?, ?, ?, ?)",
                [message.exchange, message.routingKey, message.type, message.body])
        }
        for change in transition.subscriptions { try store(change, of: transition) }
        for entry in transition.consumes { try database.run("DELETE FROM inbox WHERE id = ?", [entry]) }
        for entry in transition.inbox { try database.add(entry) }
        return position
    }

    private func apply(_ moves: VersionMove, to instance: InstanceID) throws {
        for place in moves.tasks {
            try database.run(
                "UPDATE task SET element = ?, definition = ? WHERE instance = ? AND number = ?",
                [place.element.text, moves.definition.description, instance.text, place.number])
        }
        for place in moves.subscriptions {
            try database.run(
                "UPDATE subscription SET element = ?, definition = ? WHERE instance = ? AND number = ?",
                [place.element.text, moves.definition.description, instance.text, place.number])
        }
    }

    private func store(_ change: TaskChange, of transition: Transition, at position: Int64) throws {
        switch change {
        case .create(let task):
            try create(task, of: transition, at: position)
        case .remove(let number):
            try database.run("DELETE FROM task WHERE instance = ? AND number = ?", [transition.instance.text, number])
        case .reschedule(let number, let retries, let dueAt, let error, let keepToken):
            try database.run(
                """
                UPDATE task SET phase = 0, retries = ?, available_at = ?, error = ?, token = iif(?, token, NULL),
                    owner = NULL, lease_until = NULL, started_at = NULL, progress = NULL, progress_message = NULL
                WHERE instance = ? AND number = ?
                """, [retries, dueAt.stored, error, keepToken, transition.instance.text, number])
        case .suspend(let number, let retries, let error, let keepToken):
            try database.run(
                """
                UPDATE task SET phase = 4, retries = ?, error = ?, token = iif(?, token, NULL), owner = NULL,
                    lease_until = NULL, started_at = NULL, progress = NULL, progress_message = NULL
                WHERE instance = ? AND number = ?
                """, [retries, error, keepToken, transition.instance.text, number])
        }
    }

    private func create(_ task: NewTask, of transition: Transition, at position: Int64) throws {
        let range = task.inputRange
        guard range.lowerBound >= 0, range.upperBound <= transition.events.count else {
            throw StoreError(
                .misuse, "the input of task \(transition.instance).\(task.number) is not inside its events")
        }
        try database.run(
            """
            INSERT INTO task (
                instance, number, phase, contract, priority, available_at, lease_until, attempt, retries, token, owner,
                element, definition, business_key, input_position, input_offset, input_length, input, paused,
                correlation_id, run_as
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                transition.instance.text, task.number, (task.lease == nil ? TaskPhase.waiting : .dispatched).stored,
                task.contract.description, task.priority, task.availableAt.stored, task.lease?.until.stored,
                task.lease?.attempt ?? 0, task.retries, task.lease?.token, task.lease?.owner, task.element.text,
                task.definition.description, task.businessKey, position, range.lowerBound, range.count,
                Self.ownInput(range, of: transition.events), task.isPaused, task.correlationID, task.runAs,
            ])
    }

    /// Reading a part of a large journal row costs as much as reading all of it: a hundred thousand tasks made at once
    /// would cost their square. Small inputs of large rows are therefore stored once more, with the task, until it is
    /// over.
    private static func ownInput(_ range: Range<Int>, of events: [UInt8]) -> [UInt8]? {
        let large = 16 * 1024
        return events.count > large && range.count < events.count / 4 ? Array(events[range]) : nil
    }

    private func store(_ change: TimerChange, of transition: Transition) throws {
        switch change {
        case .schedule(let number, let dueAt):
            try database.run(
                "INSERT OR REPLACE INTO timer (instance, number, due_at) VALUES (?, ?, ?)",
                [transition.instance.text, number, dueAt.stored])
        case .remove(let number):
            try database.run("DELETE FROM timer WHERE instance = ? AND number = ?", [transition.instance.text, number])
        }
    }

    private func store(_ change: SubscriptionChange, of transition: Transition) throws {
        switch change {
        case .open(let new):
            try database.run(
                """
                INSERT INTO subscription (instance, number, kind, name, key, business_key, definition, element)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    transition.instance.text, new.number, new.kind.rawValue, new.name, new.key, new.businessKey,
                    new.definition.description, new.element.text,
                ])
        case .close(let number):
            try database.run(
                "DELETE FROM subscription WHERE instance = ? AND number = ?", [transition.instance.text, number])
        }
    }
}
