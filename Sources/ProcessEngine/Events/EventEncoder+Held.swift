import Values

/// What came while the instance was suspended.
extension EventEncoder {
    mutating func write(_ input: HeldInput) {
        kind("held")
        switch input {
        case .taskCompleted(let task, let output):
            text("what", "taskCompleted")
            number("task", task)
            variables(output)
        case .taskFailed(let task, let failure):
            text("what", "taskFailed")
            number("task", task)
            text("message", failure.message)
            text("details", failure.details)
            if let retry = failure.retry { json("retry", .bool(retry)) }
            optionalNumber("retryAfter", failure.retryAfter.map { Int($0.milliseconds) })
            optionalNumber("retriesLeft", failure.retriesLeft)
        case .taskErrorThrown(let task, let error):
            text("what", "taskErrorThrown")
            number("task", task)
            write(error)
        case .taskEvent(let task, let name, let payload):
            text("what", "taskEvent")
            number("task", task)
            text("name", name)
            json("payload", payload)
        case .correlated(let subscription, let variables, let isLast):
            text("what", "correlated")
            number("subscription", subscription)
            self.variables(variables)
            json("isLast", .bool(isLast))
        case .signal(let name, let variables):
            text("what", "signal")
            text("name", name)
            self.variables(variables)
        case .callEnded(let call, let outcome): write(outcome, of: call)
        case .escalationAnswered: text("what", "escalationAnswered")
        }
    }

    private mutating func write(_ error: BPMNError) {
        text("code", error.code)
        text("message", error.message)
        variables(error.variables)
    }

    private mutating func write(_ outcome: CallOutcome, of call: Int) {
        switch outcome {
        case .completed(let variables):
            text("what", "callCompleted")
            self.variables(variables)
        case .error(let error, let variables):
            text("what", "callErrorThrown")
            text("code", error.code)
            text("message", error.message)
            self.variables(variables)
        case .uncaughtError(let error, let variables):
            text("what", "callEndedUncaught")
            text("code", error.code)
            text("message", error.message)
            self.variables(variables)
        case .escalation(let code, let variables):
            text("what", "callEscalated")
            text("code", code)
            self.variables(variables)
        case .failed(let message):
            text("what", "callFailed")
            text("message", message)
        }
        number("call", call)
    }
}

extension EventDecoder {
    func heldInput() throws(Diagnostics) -> HeldInput {
        switch try text("what") {
        case "taskCompleted": return .taskCompleted(task: try number("task"), output: try variables("variables"))
        case "taskFailed": return .taskFailed(task: try number("task"), try failure())
        case "taskErrorThrown": return .taskErrorThrown(task: try number("task"), try error())
        case "taskEvent":
            return .taskEvent(task: try number("task"), name: try text("name"), payload: try required("payload"))
        case "correlated":
            return .correlated(
                subscription: try number("subscription"), variables: try variables("variables"),
                isLast: member("isLast")?.boolValue ?? true)
        case "signal": return .signal(name: try text("name"), variables: try variables("variables"))
        case "callCompleted":
            return .callEnded(call: try number("call"), .completed(try variables("variables")))
        case "callErrorThrown":
            return .callEnded(
                call: try number("call"), .error(try errorWithoutVariables(), variables: try variables("variables")))
        case "callEndedUncaught":
            return .callEnded(
                call: try number("call"),
                .uncaughtError(try errorWithoutVariables(), variables: try variables("variables")))
        case "callEscalated":
            return .callEnded(
                call: try number("call"),
                .escalation(code: optionalText("code"), variables: try variables("variables")))
        case "callFailed": return .callEnded(call: try number("call"), .failed(message: try text("message")))
        case "escalationAnswered": return .escalationAnswered
        default: throw broken("what")
        }
    }

    private func failure() throws(Diagnostics) -> TaskFailure {
        TaskFailure(
            message: try text("message"), details: optionalText("details"), retry: member("retry")?.boolValue,
            retryAfter: try optionalNumber("retryAfter").map { .milliseconds($0) },
            retriesLeft: try optionalNumber("retriesLeft"))
    }

    private func error() throws(Diagnostics) -> BPMNError {
        var error = try errorWithoutVariables()
        error.variables = try variables("variables")
        return error
    }

    private func errorWithoutVariables() throws(Diagnostics) -> BPMNError {
        BPMNError(code: try text("code"), message: optionalText("message"))
    }
}
