import ProcessEngine
import Services
import Values

/// The whole state of an instance as JSON; `contracts/openapi.yaml` has the shape.
extension JSONWriter {
    mutating func list<Item>(_ name: String, _ items: [Item], _ write: (inout JSONWriter, Item) -> Void) {
        key(name)
        beginArray()
        for item in items { write(&self, item) }
        endArray()
    }

    mutating func number(_ name: String, _ value: Int?) {
        key(name)
        if let value { int(value) } else { null() }
    }

    mutating func pastState(_ state: HistoryService.PastState, of id: InstanceID, _ mask: Mask) {
        let instance = state.instance
        beginObject()
        member("id", id.text)
        number("seq", state.seq)
        member("position", String(state.position))
        member("at", state.at.iso8601)
        member("definition", instance.definition?.description)
        member("businessKey", instance.businessKey)
        member("state", instance.indexState.rawValue)
        list("scopes", instance.scopeStates) { $0.scope($1, mask) }
        list("activities", instance.activeActivities) { $0.activity($1) }
        list("tasks", instance.openTasks) { $0.openTask($1, mask) }
        list("userTasks", instance.openUserTasks) { $0.userTask($1) }
        list("timers", instance.openTimers) { $0.timer($1) }
        list("subscriptions", instance.openSubscriptions) { $0.subscription($1) }
        list("calls", instance.openCalls) { $0.call($1, mask) }
        list("incidents", instance.openIncidents) { $0.incident($1) }
        number("held", instance.suspension?.held.count)
        endObject()
    }

    private mutating func scope(_ scope: ScopeState, _ mask: Mask) {
        beginObject()
        number("scope", scope.number)
        number("parent", scope.parent)
        number("activity", scope.activity)
        member("element", scope.element?.text)
        key("variables")
        variables(mask(scope.variables))
        list("waitingTokens", scope.waiting) { writer, waiting in
            writer.beginObject()
            writer.member("element", waiting.join.text)
            writer.member("flow", waiting.flow.text)
            writer.number("count", waiting.count)
            writer.endObject()
        }
        endObject()
    }

    private mutating func activity(_ activity: Activity) {
        beginObject()
        number("activity", activity.number)
        member("element", activity.element.text)
        number("scope", activity.scope)
        member("phase", activity.phase.rawValue)
        number("task", activity.task)
        number("userTask", activity.userTask)
        number("call", activity.call)
        number("incident", activity.incident)
        endObject()
    }

    private mutating func openTask(_ task: OpenTask, _ mask: Mask) {
        beginObject()
        number("task", task.number)
        number("activity", task.activity)
        member("element", task.element.text)
        member("contract", task.contract.description)
        number("priority", task.priority)
        number("retriesLeft", task.retriesLeft)
        number("failures", task.failures)
        member("dueAt", task.dueAt?.iso8601)
        key("input")
        raw(mask(task.input))
        endObject()
    }

    mutating func timer(_ timer: OpenTimer) {
        beginObject()
        number("timer", timer.number)
        number("activity", timer.activity)
        member("element", timer.element.text)
        member("dueAt", timer.dueAt.iso8601)
        endObject()
    }

    mutating func subscription(_ subscription: ProcessEngine.Subscription) {
        beginObject()
        number("subscription", subscription.number)
        number("activity", subscription.activity)
        member("element", subscription.element.text)
        switch subscription.kind {
        case .message(let name, let key):
            member("waitsFor", "message")
            member("name", name)
            if let key {
                self.key("key")
                raw(key)
            }
        case .signal(let name):
            member("waitsFor", "signal")
            member("name", name)
        case .condition: member("waitsFor", "condition")
        case .call: member("waitsFor", "call")
        case .answer: member("waitsFor", "answer")
        }
        endObject()
    }

    mutating func call(_ call: CallEvent.Call, _ mask: Mask) {
        beginObject()
        number("call", call.call)
        number("activity", call.activity)
        member("element", call.element.text)
        member("process", call.target.process)
        member("businessKey", call.businessKey)
        key("variables")
        variables(mask(call.variables))
        endObject()
    }
}

extension ProcessInstance {
    /// The state that the index shows of it.
    fileprivate var indexState: InstanceState {
        switch end {
        case .completed: .completed
        case .completedWithError: .completedWithError
        case .canceled: .canceled
        case nil: isSuspended ? .suspended : openIncidents.isEmpty ? .running : .incident
        }
    }
}
