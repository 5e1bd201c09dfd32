import Values

/// Writes events; `EventDecoder` is its mirror.
struct EventEncoder {
    var writer = JSONWriter()
    private(set) var inputRanges: [Int: Range<Int>] = [:]

    mutating func write(_ event: Event) {
        writer.beginObject()
        switch event {
        case .instanceStarted(let start): write(start)
        case .instanceEnded(let end): write(end)
        case .activityEntered(let activity, let element, let scope):
            kind("activityEntered", ("activity", activity))
            text("element", element.text)
            number("scope", scope)
        case .activityCompleted(let activity): kind("activityCompleted", ("activity", activity))
        case .activityCanceled(let activity): kind("activityCanceled", ("activity", activity))
        case .flowTaken(let flow, let scope):
            kind("flowTaken", ("scope", scope))
            text("flow", flow.text)
        case .tokenArrived(let element, let flow, let scope):
            kind("tokenArrived", ("scope", scope))
            text("element", element.text)
            text("flow", flow.text)
        case .tokensJoined(let element, let flows, let scope):
            kind("tokensJoined", ("scope", scope))
            text("element", element.text)
            writer.key("flows")
            writer.beginArray()
            for flow in flows { writer.string(flow.text) }
            writer.endArray()
        case .scopeOpened(let scope, let parent, let activity):
            kind("scopeOpened", ("scope", scope))
            number("parent", parent)
            number("activity", activity)
        case .scopeClosed(let scope): kind("scopeClosed", ("scope", scope))
        case .variablesSet(let scope, let variables):
            kind("variablesSet", ("scope", scope))
            self.variables(variables)
        case .outputKept(let activity, let output):
            kind("outputKept", ("activity", activity))
            variables(output)
        case .outputMapped(let activity): kind("outputMapped", ("activity", activity))
        case .taskCreated, .taskCompleted, .taskFailed, .taskErrorThrown, .taskCanceled, .taskEventRecorded,
            .taskRetried:
            writeTask(event)
        case .timerScheduled(let timer, let activity, let element, let dueAt):
            kind("timerScheduled", ("timer", timer))
            number("activity", activity)
            text("element", element.text)
            time("dueAt", dueAt)
        case .timerFired(let timer): kind("timerFired", ("timer", timer))
        case .timerCanceled(let timer): kind("timerCanceled", ("timer", timer))
        case .errorCaught(let code, let message, let catcher, let activity):
            writeCaught(code, message, by: catcher, activity)
        case .incidentRaised(let incident): write(incident)
        case .incidentResolved(let incident): kind("incidentResolved", ("incident", incident))
        case .userTask(let event): write(event)
        case .subscription(let event): write(event)
        case .loop(let event): write(event)
        case .compensation(let event): write(event)
        case .call(let event): write(event)
        case .thrown(let event): write(event)
        case .savePointReached(let activity, let timer, let isAfter, let failures, let problem):
            writeSavePoint(activity, timer: timer, isAfter: isAfter, failures: failures, problem: problem)
        case .decisionEvaluated(let activity, let decision, let version, let result):
            writeDecision(activity, decision, version, result)
        case .suspended: kind("suspended")
        case .resumed: kind("resumed")
        case .migrated(let migrated): write(migrated)
        case .held(let input): write(input)
        }
        writer.endObject()
    }

    private mutating func writeCaught(_ code: String, _ message: String?, by catcher: ElementID, _ activity: Int) {
        kind("errorCaught", ("activity", activity))
        text("code", code)
        text("message", message)
        text("by", catcher.text)
    }

    private mutating func writeSavePoint(
        _ activity: Int, timer: Int, isAfter: Bool, failures: Int, problem: String?
    ) {
        kind("savePointReached", ("activity", activity))
        number("timer", timer)
        text("at", isAfter ? "after" : "before")
        if failures > 0 { number("failures", failures) }
        if let problem { text("problem", problem) }
    }

    private mutating func writeDecision(_ activity: Int, _ decision: String, _ version: Int?, _ result: JSON) {
        kind("decisionEvaluated", ("activity", activity))
        text("decision", decision)
        if let version { number("version", version) }
        json("result", result)
    }

    private mutating func writeTask(_ event: Event) {
        switch event {
        case .taskCreated(let created):
            kind("taskCreated", ("task", created.task))
            number("activity", created.activity)
            text("element", created.element.text)
            text("contract", created.contract.description)
            number("priority", created.priority)
            number("retries", created.retries)
            writer.key("input")
            let start = writer.bytes.count
            writer.raw(created.input)
            inputRanges[created.task] = start..<writer.bytes.count
        case .taskCompleted(let task): kind("taskCompleted", ("task", task))
        case .taskFailed(let failed):
            kind("taskFailed", ("task", failed.task))
            text("message", failed.message)
            text("details", failed.details)
            number("retriesLeft", failed.retriesLeft)
            time("dueAt", failed.dueAt)
        case .taskErrorThrown(let task, let code, let message):
            kind("taskErrorThrown", ("task", task))
            text("code", code)
            text("message", message)
        case .taskCanceled(let task): kind("taskCanceled", ("task", task))
        case .taskEventRecorded(let task, let name, let payload):
            kind("taskEventRecorded", ("task", task))
            text("name", name)
            writer.key("payload")
            writer.raw(payload)
        case .taskRetried(let task, let retries, let dueAt):
            kind("taskRetried", ("task", task))
            number("retries", retries)
            time("dueAt", dueAt)
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken,
            .tokenArrived, .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped,
            .timerScheduled, .timerFired, .timerCanceled, .errorCaught, .incidentRaised, .incidentResolved, .userTask,
            .subscription, .loop, .compensation, .call, .thrown, .savePointReached, .decisionEvaluated, .suspended,
            .resumed, .held, .migrated:
            preconditionFailure("only events about tasks come here")
        }
    }

    private mutating func write(_ start: Event.InstanceStarted) {
        kind("instanceStarted")
        text("definition", start.definition.description)
        text("businessKey", start.businessKey)
        text("workflow", start.labels.workflow)
        text("workflowVersion", start.labels.workflowVersion)
        text("objectId", start.labels.objectID)
        text("startedBy", start.labels.startedBy)
        text("runAs", start.labels.runAs)
        text("correlationId", start.labels.correlationID)
        optionalNumber("priority", start.priority)
        text("uniqueKey", start.uniqueKey)
        if !start.labels.metadata.isEmpty { variables(start.labels.metadata, as: "metadata") }
        text("restartedFrom", start.labels.restartedFrom?.text)
        if let parent = start.parent {
            text("parent", parent.instance.text)
            number("call", parent.call)
            json("catches", start.caughtErrors?.json)
        }
    }

    private mutating func write(_ migrated: Event.Migrated) {
        kind("migrated")
        text("definition", migrated.definition.description)
        text("workflow", migrated.workflow)
        text("workflowVersion", migrated.workflowVersion)
        texts("renamed", migrated.renamed.flatMap { [$0.from.text, $0.to.text] })
    }

    private mutating func write(_ end: Event.InstanceEnd) {
        kind("instanceEnded")
        switch end {
        case .completed: text("state", "completed")
        case .completedWithError(let code, let message):
            text("state", "completedWithError")
            text("code", code)
            text("message", message)
        case .canceled(let reason):
            text("state", "canceled")
            text("reason", reason)
        }
    }

    private mutating func write(_ incident: Event.Incident) {
        kind("incidentRaised", ("incident", incident.number))
        text("kind", incident.kind.rawValue)
        number("activity", incident.activity)
        text("element", incident.element.text)
        if let task = incident.task { number("task", task) }
        text("message", incident.message)
    }

    // MARK: Members

    mutating func kind(_ name: String) {
        writer.key("e")
        writer.string(name)
    }

    mutating func kind(_ name: String, _ subject: (key: String, number: Int)) {
        kind(name)
        number(subject.key, subject.number)
    }

    mutating func number(_ key: String, _ value: Int) {
        writer.key(key)
        writer.int(value)
    }

    /// Milliseconds since 1970, UTC.
    mutating func time(_ key: String, _ value: Timestamp) {
        number(key, Int(value.millisecondsSinceEpoch))
    }

    mutating func text(_ key: String, _ value: String?) {
        guard let value else { return }
        writer.key(key)
        writer.string(value)
    }

    mutating func optionalNumber(_ key: String, _ value: Int?) {
        if let value { number(key, value) }
    }

    mutating func json(_ key: String, _ value: JSON?) {
        guard let value else { return }
        writer.key(key)
        writer.raw(value)
    }

    /// Left out if it is empty.
    mutating func texts(_ key: String, _ values: [String]) {
        guard !values.isEmpty else { return }
        writer.key(key)
        writer.beginArray()
        for value in values { writer.string(value) }
        writer.endArray()
    }

    /// Names and raw values in turn: unlike an object it may hold a name twice, as a caller may give it.
    mutating func variables(_ variables: [Variable], as key: String = "variables") {
        writer.key(key)
        writer.beginArray()
        for variable in variables {
            writer.string(variable.name)
            writer.raw(variable.value)
        }
        writer.endArray()
    }
}
