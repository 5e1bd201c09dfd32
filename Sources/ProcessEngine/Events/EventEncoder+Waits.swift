import Values

/// User tasks, subscriptions, loops, compensation, calls and what is thrown.
extension EventEncoder {
    mutating func write(_ event: UserTaskEvent) {
        switch event {
        case .created(let task):
            kind("userTaskCreated", ("userTask", task.number))
            number("activity", task.activity)
            text("element", task.element.text)
            text("name", task.name)
            text("assignee", task.assignee)
            texts("candidateUsers", task.candidateUsers)
            texts("candidateGroups", task.candidateGroups)
            if let due = task.dueAt { time("dueAt", due) }
            if let followUp = task.followUpAt { time("followUpAt", followUp) }
            text("formKey", task.formKey)
            number("priority", task.priority)
        case .claimed(let task, let assignee):
            kind("userTaskClaimed", ("userTask", task))
            text("assignee", assignee)
        case .completed(let task): kind("userTaskCompleted", ("userTask", task))
        case .errorThrown(let task, let code, let message):
            kind("userTaskErrorThrown", ("userTask", task))
            text("code", code)
            text("message", message)
        case .canceled(let task): kind("userTaskCanceled", ("userTask", task))
        }
    }

    mutating func write(_ event: SubscriptionEvent) {
        switch event {
        case .opened(let subscription):
            kind("subscriptionOpened", ("subscription", subscription.number))
            number("activity", subscription.activity)
            text("element", subscription.element.text)
            switch subscription.kind {
            case .message(let name, let key):
                text("waitsFor", "message")
                text("name", name)
                json("key", key)
            case .signal(let name):
                text("waitsFor", "signal")
                text("name", name)
            case .condition: text("waitsFor", "condition")
            case .call: text("waitsFor", "call")
            case .answer: text("waitsFor", "answer")
            }
        case .triggered(let subscription): kind("subscriptionTriggered", ("subscription", subscription))
        case .closed(let subscription): kind("subscriptionClosed", ("subscription", subscription))
        }
    }

    mutating func write(_ event: LoopEvent) {
        switch event {
        case .started(let scope, let count, let items):
            kind("loopStarted", ("scope", scope))
            optionalNumber("count", count)
            guard !items.isEmpty else { return }
            writer.key("items")
            writer.beginArray()
            for item in items { writer.raw(item) }
            writer.endArray()
        case .iterationEnded(let scope, let iteration, let output):
            kind("iterationEnded", ("scope", scope))
            number("iteration", iteration)
            json("output", output)
        }
    }

    mutating func write(_ event: CompensationEvent) {
        switch event {
        case .kept(let compensation):
            kind("compensationKept", ("compensation", compensation.number))
            number("scope", compensation.scope)
            text("element", compensation.element.text)
            text("handler", compensation.handler?.text)
            optionalNumber("retained", compensation.retained)
        case .begun(let compensation, let scope):
            kind("compensationBegun", ("compensation", compensation))
            number("scope", scope)
        case .handling(let activity, let thrower):
            kind("compensationHandling", ("activity", activity))
            number("thrower", thrower)
        }
    }

    mutating func write(_ event: CallEvent) {
        switch event {
        case .requested(let call):
            kind("callRequested", ("call", call.call))
            number("activity", call.activity)
            text("element", call.element.text)
            text("process", call.target.process)
            switch call.target.binding {
            case .latest: break
            case .deployment: text("binding", "deployment")
            case .version(let version): number("version", version)
            case .versionTag(let tag): text("versionTag", tag)
            case .contract(let contract): text("contract", contract.description)
            }
            text("businessKey", call.businessKey)
            json("catches", call.catches?.json)
            variables(call.variables)
        case .escalated(let call): kind("callEscalated", ("call", call))
        case .completed(let call): kind("callCompleted", ("call", call))
        case .failed(let call): kind("callFailed", ("call", call))
        case .canceled(let call): kind("callCanceled", ("call", call))
        }
    }

    mutating func write(_ event: ThrownEvent) {
        switch event {
        case .signal(let name, let element, let variables):
            kind("signalThrown")
            text("name", name)
            text("by", element.text)
            self.variables(variables)
        case .message(let message):
            kind("messageThrown")
            text("name", message.name)
            text("by", message.by.text)
            json("key", message.correlationKey)
            text("businessKey", message.businessKey)
            variables(message.variables)
        case .escalation(let code, let element, let catcher, let variables):
            kind("escalationThrown")
            text("code", code)
            text("by", element.text)
            text("caughtBy", catcher?.text)
            self.variables(variables)
        case .uncaughtError(let code, let message, let element):
            kind("errorUncaught")
            text("code", code)
            text("message", message)
            text("by", element.text)
        }
    }
}
