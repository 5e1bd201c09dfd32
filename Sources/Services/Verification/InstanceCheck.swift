import ProcessEngine
import Values

/// The rules of one instance: pure, from what is stored of it.
struct InstanceCheck {
    let stored: StoredInstance
    /// How far the index is.
    let indexPosition: Int64
    let definitions: Set<DefinitionID>
    private(set) var violations: [StoreViolation] = []
    /// The fold of its journal.
    private(set) var instance = ProcessInstance()
    /// What the index has to show of it.
    private(set) var projected = IndexContents()

    init(_ stored: StoredInstance, indexPosition: Int64, definitions: Set<DefinitionID>) {
        self.stored = stored
        self.indexPosition = indexPosition
        self.definitions = definitions
    }

    /// Its beginning is gone, because it is over and is being removed piece by piece: nothing can be said of it any more.
    var isBeingRemoved: Bool {
        stored.index?.endedAt != nil && stored.journal.first?.seq != 1
    }

    mutating func run() {
        for reason in stored.unreadable {
            report(.readable, "a row", expected: "a row of this version", found: reason)
        }
        guard stored.unreadable.isEmpty, !isBeingRemoved, fold() else { return }
        checkDefinition()
        checkTasks()
        checkTimers()
        checkSubscriptions()
        checkStartKeys()
        checkIndex()
    }

    mutating func report(_ rule: StoreRule, _ subject: String, expected: String, found: String) {
        violations.append(StoreViolation(rule, of: stored.id.text, subject, expected: expected, found: found))
    }

    // MARK: - The journal

    /// False where the journal is such that what follows from it would be noise.
    private mutating func fold() -> Bool {
        guard !stored.journal.isEmpty else {
            report(.journal, "the instance", expected: "a journal that begins with its start", found: leftovers)
            return false
        }
        var lastPosition: Int64 = 0
        for (place, row) in stored.journal.enumerated() {
            guard row.seq == place + 1 else {
                report(
                    .journal, "row \(row.seq)", expected: "row \(place + 1)",
                    found: "row \(row.seq) follows row \(place)")
                return false
            }
            if row.position <= lastPosition {
                report(
                    .journal, "row \(row.seq)", expected: "a position above \(lastPosition)",
                    found: "position \(row.position)")
            }
            lastPosition = row.position
            guard take(row) else { return false }
        }
        return true
    }

    private var leftovers: String {
        let rows = [
            ("tasks", stored.tasks.count), ("timers", stored.timers.count),
            ("subscriptions", stored.subscriptions.count),
            ("start keys", stored.startKeys.count), ("index rows", stored.index == nil ? 0 : 1),
            ("tasks in the index", stored.indexedTasks.count), ("user tasks in the index", stored.userTasks.count),
        ]
        return "no journal, but " + rows.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    }

    private mutating func take(_ row: JournalRow) -> Bool {
        let events: [Event]
        do {
            events = try EventCoding.decode(row.events)
            if row.position <= indexPosition {
                for change in try Projection.changes(of: row) { projected.apply(change) }
            }
        } catch {
            report(.readable, "row \(row.seq) of the journal", expected: "events", found: "\(error)")
            return false
        }
        if instance.isEnded {
            report(.journal, "row \(row.seq)", expected: "nothing after its end", found: "\(events.count) events")
        }
        for event in events {
            if case .instanceStarted = event, !instance.isEmpty {
                report(.journal, "row \(row.seq)", expected: "one start", found: "another one")
            } else if instance.isEmpty, case .instanceStarted = event {
            } else if instance.isEmpty {
                report(.journal, "row \(row.seq)", expected: "its start first", found: "another event before it")
                return false
            }
            if let task = event.endedTask, instance.task(task) == nil {
                report(
                    .appliedOnce, "task \(task)", expected: "ends while it is open",
                    found: "row \(row.seq) ends it, and it was not open")
            }
            instance.apply(event)
        }
        return true
    }

    private mutating func checkDefinition() {
        guard !instance.isEnded, let definition = instance.definition, !definitions.contains(definition) else { return }
        report(.definition, "the instance", expected: "\(definition) among what is deployed", found: "it is not there")
    }
}

extension Event {
    /// The task that it ends.
    fileprivate var endedTask: Int? {
        switch self {
        case .taskCompleted(let task), .taskErrorThrown(let task, _, _), .taskCanceled(let task): task
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken,
            .tokenArrived, .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped,
            .taskCreated, .taskFailed, .taskEventRecorded, .taskRetried, .timerScheduled, .timerFired, .timerCanceled,
            .errorCaught, .incidentRaised, .incidentResolved, .userTask, .loop, .compensation, .savePointReached,
            .decisionEvaluated, .subscription, .call, .thrown, .suspended, .resumed, .held, .migrated:
            nil
        }
    }
}
