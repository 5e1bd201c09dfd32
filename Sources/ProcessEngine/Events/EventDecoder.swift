import Values

/// Reads one event; `EventEncoder` is its mirror.
struct EventDecoder {
    private let members: [(name: String, value: JSON)]
    let kind: String

    static func damaged(_ problem: String) -> Diagnostics {
        Diagnostics(
            Diagnostic(
                code: "damaged-journal", message: "a journal row cannot be read: \(problem)",
                suggestion: "restore the store from a backup, or run the version of Waybill that wrote it"))
    }

    init(_ event: JSON) throws(Diagnostics) {
        guard let members = event.members(), let kind = members.first(where: { $0.name == "e" })?.value.stringValue
        else {
            throw Self.damaged("an event has no kind")
        }
        self.members = members
        self.kind = kind
    }

    func event() throws(Diagnostics) -> Event {
        switch kind {
        case "instanceStarted": .instanceStarted(try instanceStarted())
        case "instanceEnded": .instanceEnded(try instanceEnd())
        case "activityEntered":
            .activityEntered(
                activity: try number("activity"), element: try element("element"), scope: try number("scope"))
        case "activityCompleted": .activityCompleted(activity: try number("activity"))
        case "activityCanceled": .activityCanceled(activity: try number("activity"))
        case "flowTaken": .flowTaken(flow: try element("flow"), scope: try number("scope"))
        case "tokenArrived":
            .tokenArrived(element: try element("element"), flow: try element("flow"), scope: try number("scope"))
        case "tokensJoined":
            .tokensJoined(element: try element("element"), flows: try flows(), scope: try number("scope"))
        case "scopeOpened":
            .scopeOpened(scope: try number("scope"), parent: try number("parent"), activity: try number("activity"))
        case "scopeClosed": .scopeClosed(scope: try number("scope"))
        case "variablesSet": .variablesSet(scope: try number("scope"), try variables("variables"))
        case "outputKept": .outputKept(activity: try number("activity"), try variables("variables"))
        case "outputMapped": .outputMapped(activity: try number("activity"))
        case "timerScheduled":
            .timerScheduled(
                timer: try number("timer"), activity: try number("activity"), element: try element("element"),
                dueAt: try time("dueAt"))
        case "timerFired": .timerFired(timer: try number("timer"))
        case "timerCanceled": .timerCanceled(timer: try number("timer"))
        case "errorCaught":
            .errorCaught(
                code: try text("code"), message: optionalText("message"), by: try element("by"),
                activity: try number("activity"))
        case "incidentRaised": .incidentRaised(try incident())
        case "incidentResolved": .incidentResolved(incident: try number("incident"))
        default: try taskEvent()
        }
    }

    private func taskEvent() throws(Diagnostics) -> Event {
        switch kind {
        case "taskCreated": .taskCreated(try taskCreated())
        case "taskCompleted": .taskCompleted(task: try number("task"))
        case "taskFailed":
            .taskFailed(
                Event.TaskFailed(
                    task: try number("task"), message: try text("message"), details: optionalText("details"),
                    retriesLeft: try number("retriesLeft"), dueAt: try time("dueAt")))
        case "taskErrorThrown":
            .taskErrorThrown(task: try number("task"), code: try text("code"), message: optionalText("message"))
        case "taskCanceled": .taskCanceled(task: try number("task"))
        case "taskEventRecorded":
            .taskEventRecorded(task: try number("task"), name: try text("name"), payload: try required("payload"))
        case "taskRetried":
            .taskRetried(task: try number("task"), retries: try number("retries"), dueAt: try time("dueAt"))
        default: try waitEvent()
        }
    }

    private func instanceStarted() throws(Diagnostics) -> Event.InstanceStarted {
        guard let definition = DefinitionID(try text("definition")) else { throw broken("definition") }
        var labels = InstanceLabels(
            workflow: optionalText("workflow"), workflowVersion: optionalText("workflowVersion"),
            objectID: optionalText("objectId"), startedBy: optionalText("startedBy"),
            runAs: optionalText("runAs"), correlationID: optionalText("correlationId"))
        if member("metadata") != nil { labels.metadata = try variables("metadata") }
        labels.restartedFrom = optionalText("restartedFrom").map { InstanceID($0) }
        var parent: ParentCall?
        if let instance = optionalText("parent") {
            parent = ParentCall(instance: InstanceID(instance), call: try number("call"))
        }
        return Event.InstanceStarted(
            definition: definition, businessKey: optionalText("businessKey"), labels: labels, parent: parent,
            caughtErrors: member("catches").flatMap { CaughtErrors($0) }, priority: try optionalNumber("priority"),
            uniqueKey: optionalText("uniqueKey"))
    }

    private func instanceEnd() throws(Diagnostics) -> Event.InstanceEnd {
        switch try text("state") {
        case "completed": .completed
        case "completedWithError": .completedWithError(code: try text("code"), message: optionalText("message"))
        case "canceled": .canceled(reason: try text("reason"))
        default: throw broken("state")
        }
    }

    private func taskCreated() throws(Diagnostics) -> Event.TaskCreated {
        guard let contract = ContractKey(try text("contract")) else { throw broken("contract") }
        return Event.TaskCreated(
            task: try number("task"), activity: try number("activity"), element: try element("element"),
            contract: contract,
            priority: try number("priority"), retries: try number("retries"), input: try required("input"))
    }

    private func incident() throws(Diagnostics) -> Event.Incident {
        guard let kind = Event.Incident.Kind(rawValue: try text("kind")) else { throw broken("kind") }
        return Event.Incident(
            number: try number("incident"), kind: kind, activity: try number("activity"),
            element: try element("element"),
            task: member("task") == nil ? nil : try number("task"), message: try text("message"))
    }

    // MARK: Members

    func member(_ name: String) -> JSON? { members.first { $0.name == name }?.value }

    /// In memory of its own: a small value must not keep a large row alive.
    func required(_ name: String) throws(Diagnostics) -> JSON {
        guard let value = member(name) else { throw broken(name) }
        return value.compacted
    }

    func broken(_ member: String) -> Diagnostics {
        Self.damaged("\(member) of an event \"\(kind)\" is missing or wrong")
    }

    func number(_ name: String) throws(Diagnostics) -> Int {
        guard let value = member(name)?.intValue else { throw broken(name) }
        return value
    }

    func time(_ name: String) throws(Diagnostics) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64(try number(name)))
    }

    func text(_ name: String) throws(Diagnostics) -> String {
        guard let value = member(name)?.stringValue else { throw broken(name) }
        return value
    }

    func optionalNumber(_ name: String) throws(Diagnostics) -> Int? {
        member(name) == nil ? nil : try number(name)
    }

    func optionalTime(_ name: String) throws(Diagnostics) -> Timestamp? {
        member(name) == nil ? nil : try time(name)
    }

    func texts(_ name: String) throws(Diagnostics) -> [String] {
        var texts: [String] = []
        for item in member(name)?.elements() ?? [] {
            guard let text = item.stringValue else { throw broken(name) }
            texts.append(text)
        }
        return texts
    }

    func optionalText(_ name: String) -> String? { member(name)?.stringValue }

    func element(_ name: String) throws(Diagnostics) -> ElementID { ElementID(try text(name)) }

    func flows() throws(Diagnostics) -> [ElementID] {
        var flows: [ElementID] = []
        for flow in member("flows")?.elements() ?? [] {
            guard let id = flow.stringValue else { throw broken("flows") }
            flows.append(ElementID(id))
        }
        return flows
    }

    /// Names and values in turn.
    func variables(_ name: String) throws(Diagnostics) -> [Variable] {
        guard let items = member(name)?.elements(), items.count.isMultiple(of: 2) else { throw broken(name) }
        var variables: [Variable] = []
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let variable = items[index].stringValue else { throw broken(name) }
            variables.append(Variable(name: variable, value: items[index + 1].compacted))
        }
        return variables
    }
}
