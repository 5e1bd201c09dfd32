import ProcessEngine
import Values

/// The rows beside the journal.
extension InstanceCheck {
    /// Rows of one kind against what should be there, by number.
    private mutating func compare<Expected, Found>(
        _ rule: StoreRule, _ kind: String, _ expected: [Int: Expected], _ found: [Int: Found],
        _ element: (Expected) -> ElementID?
    ) -> [(number: Int, expected: Expected, found: Found)] {
        for number in expected.keys.sorted() where found[number] == nil {
            let place = expected[number].flatMap(element).map { " at \($0)" } ?? ""
            report(rule, "\(kind) \(number)\(place)", expected: "a row, since it is open", found: "none")
        }
        for number in found.keys.sorted() where expected[number] == nil {
            report(rule, "\(kind) \(number)", expected: "no row, since it is not open", found: "one")
        }
        return expected.keys.sorted().compactMap { number in
            guard let expected = expected[number], let found = found[number] else { return nil }
            return (number, expected, found)
        }
    }

    /// One field of a row.
    private mutating func check<Field: Equatable>(
        _ rule: StoreRule, _ subject: String, _ name: String, _ expected: Field, _ found: Field
    ) {
        guard expected != found else { return }
        report(rule, subject, expected: "\(name) \(expected)", found: "\(found)")
    }

    mutating func checkTasks() {
        let open = Dictionary(uniqueKeysWithValues: instance.openTasks.map { ($0.number, $0) })
        let rows = Dictionary(uniqueKeysWithValues: stored.tasks.map { ($0.row.id.number, $0) })
        for (number, task, row) in compare(.tasks, "task", open, rows, { $0.element }) {
            let subject = "task \(number) at \(task.element)"
            check(.tasks, subject, "element", task.element, row.row.element)
            check(.tasks, subject, "contract", task.contract, row.row.contract)
            check(.tasks, subject, "priority", task.priority, row.row.priority)
            check(.tasks, subject, "retries", task.retriesLeft, row.row.retries)
            check(.tasks, subject, "definition", instance.definition, row.definition)
            check(.tasks, subject, "business key", instance.businessKey?.stored, row.businessKey?.stored)
            check(.tasks, subject, "paused", instance.isSuspended, row.row.isPaused)
            checkLease(of: row.row, subject)
            checkInput(of: row, task, subject)
        }
    }

    private mutating func checkLease(of row: TaskRow, _ subject: String) {
        let isOut: Bool
        switch row.phase {
        case .waiting, .suspended: isOut = false
        case .dispatched, .queued, .running: isOut = true
        }
        if isOut != (row.leaseUntil != nil) {
            report(
                .leases, subject,
                expected: isOut ? "a lease while it is \(row.phase)" : "no lease while it is \(row.phase)",
                found: row.leaseUntil.map { "one until \($0)" } ?? "none")
        }
        if isOut, row.token == nil {
            report(.leases, subject, expected: "a token while it is \(row.phase)", found: "none")
        }
        if row.token != nil, row.attempt < 1 {
            report(.leases, subject, expected: "a token of attempt 1 or later", found: "attempt \(row.attempt)")
        }
        let hasIncident = instance.openIncidents.contains { $0.task == row.id.number }
        if row.phase == .suspended, !hasIncident {
            report(
                .leases, subject, expected: "an incident, since nobody may have it",
                found: "none: it would stand for ever")
        }
    }

    private mutating func checkInput(of row: StoredTask, _ task: OpenTask, _ subject: String) {
        guard let home = stored.journal.first(where: { $0.position == row.inputPosition }) else {
            report(
                .inputs, subject, expected: "its input in a journal row of the instance",
                found: "none at \(row.inputPosition)")
            return
        }
        guard row.inputOffset >= 0, row.inputLength >= 0, row.inputOffset + row.inputLength <= home.events.count else {
            report(
                .inputs, subject, expected: "its input inside row \(home.seq) of \(home.events.count) bytes",
                found: "\(row.inputLength) bytes from \(row.inputOffset)")
            return
        }
        let bytes = Array(home.events[row.inputOffset..<(row.inputOffset + row.inputLength)])
        guard bytes == task.input.bytes, row.ownInput ?? bytes == bytes else {
            report(
                .inputs, subject, expected: "its input where its row says: \(bytes.count) bytes of row \(home.seq)",
                found: "something else")
            return
        }
    }

    /// A suspended instance has none: what falls due meanwhile is due when it goes on.
    mutating func checkTimers() {
        let open = instance.isSuspended ? [] : instance.openTimers
        let expected = Dictionary(uniqueKeysWithValues: open.map { ($0.number, $0) })
        let rows = Dictionary(uniqueKeysWithValues: stored.timers.map { ($0.number, $0) })
        for (number, timer, row) in compare(.timers, "timer", expected, rows, { $0.element }) {
            check(.timers, "timer \(number) at \(timer.element)", "due", timer.dueAt, row.dueAt)
        }
    }

    mutating func checkSubscriptions() {
        let spent = Set(instance.suspension?.spentSubscriptions ?? [])
        var expected: [Int: NewSubscription] = [:]
        for subscription in instance.openSubscriptions where !spent.contains(subscription.number) {
            guard let (kind, name, key) = subscription.kind.indexed, let definition = instance.definition else {
                continue
            }
            expected[subscription.number] = NewSubscription(
                number: subscription.number, kind: kind, name: name.stored, key: key?.stored,
                businessKey: instance.businessKey?.stored, definition: definition, element: subscription.element)
        }
        let rows = Dictionary(
            uniqueKeysWithValues: stored.subscriptions.map { ($0.subscription.number, $0.subscription) })
        for (number, subscription, row) in compare(.subscriptions, "subscription", expected, rows, { $0.element }) {
            var found = row
            found.name = row.name.stored
            found.key = row.key?.stored
            found.businessKey = row.businessKey?.stored
            guard found != subscription else { continue }
            report(
                .subscriptions, "subscription \(number) at \(subscription.element)",
                expected: "\(subscription.summary)",
                found: "\(found.summary)")
        }
    }

    mutating func checkStartKeys() {
        guard let key = instance.uniqueKey else { return }
        let isHeld = stored.startKeys.contains { $0.stored == key.stored }
        guard isHeld == instance.isEnded else { return }
        report(
            .startKeys, "unique key \(key.debugDescription)",
            expected: isHeld ? "given back at its end" : "held while it runs",
            found: isHeld ? "still held" : "free for others")
    }
}

/// What the index shows.
extension InstanceCheck {
    mutating func checkIndex() {
        guard let first = stored.journal.first, first.position <= indexPosition else {
            if stored.index != nil {
                report(.index, "the instance", expected: "not in the index, which has not come to it", found: "a row")
            }
            return
        }
        guard let expected = projected.instances[stored.id] else { return }
        guard let found = stored.index else {
            report(.index, "the instance", expected: "a row in state \(expected.state.rawValue)", found: "none")
            return
        }
        for (name, wanted, shown) in zip3(expected.shown, found.shown) where wanted != shown {
            report(.index, "the instance", expected: "\(name) \(wanted)", found: shown)
        }
        let tasks = Dictionary(uniqueKeysWithValues: stored.indexedTasks.map { ($0.id.number, $0.shown) })
        let wanted = projected.tasks.map { ($0.key.number, $0.value.shown) }
        compareIndex("task", Dictionary(uniqueKeysWithValues: wanted), tasks)
        let people = Dictionary(uniqueKeysWithValues: stored.userTasks.map { ($0.number, $0.shown) })
        let open = projected.userTasks.map { id, value in
            (
                id.number,
                StoredUserTask(number: id.number, element: value.task.element, assignee: value.task.assignee).shown
            )
        }
        compareIndex("user task", Dictionary(uniqueKeysWithValues: open), people)
    }

    private mutating func compareIndex(_ kind: String, _ expected: [Int: String], _ found: [Int: String]) {
        for number in Set(expected.keys).union(found.keys).sorted() where expected[number] != found[number] {
            report(
                .index, "\(kind) \(number)", expected: expected[number] ?? "no row", found: found[number] ?? "no row")
        }
    }

    private func zip3(
        _ expected: [(String, String)], _ found: [(String, String)]
    ) -> [(name: String, wanted: String, shown: String)] {
        zip(expected, found).map { ($0.0, $0.1, $1.1) }
    }
}

extension IndexedInstance {
    /// What is compared, with a name each.
    fileprivate var shown: [(String, String)] {
        [
            ("state", state.rawValue), ("definition", definition.description), ("started at", "\(startedAt)"),
            ("ended at", endedAt.map { "\($0)" } ?? "not yet"), ("open incidents", "\(openIncidents)"),
            ("tasks created", "\(tasksCreated)"), ("tasks done", "\(tasksDone)"),
            ("workflow", labels.workflow?.stored ?? "none"), ("object id", labels.objectID?.stored ?? "none"),
            ("business key", businessKey?.stored ?? "none"),
        ]
    }
}

extension IndexedTask {
    fileprivate var shown: String {
        "\(state.rawValue) at \(element), \(contract), ended \(endedAt.map { "\($0)" } ?? "not yet")"
    }
}

extension StoredUserTask {
    fileprivate var shown: String { "at \(element), assignee \(assignee?.stored ?? "nobody")" }
}

extension NewSubscription {
    fileprivate var summary: String {
        "\(kind) \(name.debugDescription), key \(key ?? "none"), business key \(businessKey ?? "none"), \(definition), at \(element)"
    }
}

extension String {
    /// As every store can keep it: PostgreSQL's texts have no U+0000.
    fileprivate var stored: String { utf8.contains(0) ? String(map { $0 == "\u{0}" ? "\u{FFFD}" : $0 }) : self }
}
