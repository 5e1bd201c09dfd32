import Values

/// Reads what `EventEncoder+Waits` writes.
extension EventDecoder {
    func waitEvent() throws(Diagnostics) -> Event {
        switch kind {
        case "userTaskCreated", "userTaskClaimed", "userTaskCompleted", "userTaskErrorThrown", "userTaskCanceled":
            .userTask(try userTaskEvent())
        case "subscriptionOpened": .subscription(.opened(try subscription()))
        case "subscriptionTriggered": .subscription(.triggered(subscription: try number("subscription")))
        case "subscriptionClosed": .subscription(.closed(subscription: try number("subscription")))
        case "loopStarted":
            .loop(
                .started(
                    scope: try number("scope"), count: try optionalNumber("count"),
                    items: (member("items")?.elements() ?? []).map(\.compacted)))
        case "iterationEnded":
            .loop(
                .iterationEnded(
                    scope: try number("scope"), iteration: try number("iteration"), output: member("output")?.compacted)
            )
        case "compensationKept":
            .compensation(
                .kept(
                    Compensation(
                        number: try number("compensation"), scope: try number("scope"), element: try element("element"),
                        handler: optionalText("handler").map { ElementID($0) }, retained: try optionalNumber("retained")
                    )
                ))
        case "compensationBegun":
            .compensation(.begun(compensation: try number("compensation"), scope: try number("scope")))
        case "compensationHandling":
            .compensation(.handling(activity: try number("activity"), thrower: try number("thrower")))
        case "callRequested": .call(.requested(try call()))
        case "callEscalated": .call(.escalated(call: try number("call")))
        case "callCompleted": .call(.completed(call: try number("call")))
        case "callFailed": .call(.failed(call: try number("call")))
        case "callCanceled": .call(.canceled(call: try number("call")))
        case "signalThrown", "messageThrown", "escalationThrown": .thrown(try thrown())
        case "errorUncaught":
            .thrown(
                .uncaughtError(code: try text("code"), message: optionalText("message"), by: try element("by")))
        case "savePointReached":
            .savePointReached(
                activity: try number("activity"), timer: try number("timer"), isAfter: try text("at") == "after",
                failures: try optionalNumber("failures") ?? 0, problem: optionalText("problem"))
        case "decisionEvaluated":
            .decisionEvaluated(
                activity: try number("activity"), decision: try text("decision"),
                version: try optionalNumber("version"), result: try required("result"))
        case "suspended": .suspended
        case "resumed": .resumed
        case "migrated": .migrated(try migrated())
        case "held": .held(try heldInput())
        default: throw Self.damaged("\"\(kind)\" is no kind of event that this version knows")
        }
    }

    private func migrated() throws(Diagnostics) -> Event.Migrated {
        guard let definition = DefinitionID(try text("definition")) else { throw broken("definition") }
        let names = try texts("renamed").map { ElementID($0) }
        guard names.count.isMultiple(of: 2) else { throw broken("renamed") }
        return Event.Migrated(
            definition: definition, workflow: optionalText("workflow"),
            workflowVersion: optionalText("workflowVersion"),
            renamed: stride(from: 0, to: names.count, by: 2).map {
                Event.Migrated.Renaming(from: names[$0], to: names[$0 + 1])
            })
    }

    private func userTaskEvent() throws(Diagnostics) -> UserTaskEvent {
        let task = try number("userTask")
        switch kind {
        case "userTaskClaimed": return .claimed(userTask: task, assignee: optionalText("assignee"))
        case "userTaskCompleted": return .completed(userTask: task)
        case "userTaskErrorThrown":
            return .errorThrown(userTask: task, code: try text("code"), message: optionalText("message"))
        case "userTaskCanceled": return .canceled(userTask: task)
        default:
            return .created(
                OpenUserTask(
                    number: task, activity: try number("activity"), element: try element("element"),
                    name: optionalText("name"), assignee: optionalText("assignee"),
                    candidateUsers: try texts("candidateUsers"), candidateGroups: try texts("candidateGroups"),
                    dueAt: try optionalTime("dueAt"), followUpAt: try optionalTime("followUpAt"),
                    formKey: optionalText("formKey"), priority: try number("priority")))
        }
    }

    private func subscription() throws(Diagnostics) -> Subscription {
        let waitsFor: Subscription.Kind
        switch try text("waitsFor") {
        case "message": waitsFor = .message(name: try text("name"), key: member("key")?.compacted)
        case "signal": waitsFor = .signal(name: try text("name"))
        case "condition": waitsFor = .condition
        case "call": waitsFor = .call
        case "answer": waitsFor = .answer
        default: throw broken("waitsFor")
        }
        return Subscription(
            number: try number("subscription"), activity: try number("activity"), element: try element("element"),
            kind: waitsFor)
    }

    private func call() throws(Diagnostics) -> CallEvent.Call {
        var binding = CallTarget.Binding.latest
        if optionalText("binding") != nil { binding = .deployment }
        if let version = try optionalNumber("version") { binding = .version(version) }
        if let tag = optionalText("versionTag") { binding = .versionTag(tag) }
        if let text = optionalText("contract") {
            guard let contract = ContractKey(text) else { throw broken("contract") }
            binding = .contract(contract)
        }
        return CallEvent.Call(
            call: try number("call"), activity: try number("activity"), element: try element("element"),
            target: CallTarget(process: try text("process"), binding: binding),
            businessKey: optionalText("businessKey"),
            variables: try variables("variables"), catches: member("catches").flatMap { CaughtErrors($0) })
    }

    private func thrown() throws(Diagnostics) -> ThrownEvent {
        let element = try element("by")
        let variables = try variables("variables")
        switch kind {
        case "signalThrown": return .signal(name: try text("name"), by: element, variables: variables)
        case "messageThrown":
            return .message(
                ThrownMessage(
                    name: try text("name"), by: element, correlationKey: member("key")?.compacted,
                    businessKey: optionalText("businessKey"), variables: variables))
        default:
            return .escalation(
                code: optionalText("code"), by: element, caughtBy: optionalText("caughtBy").map { ElementID($0) },
                variables: variables)
        }
    }
}
