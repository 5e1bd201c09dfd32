package import ProcessEngine

/// What comes in on `waybill.dead`: messages that the bus took out of their queue, and why.
package enum DeadLetter: Sendable, Hashable {
    /// A task that no agent finished: released if it only waited too long, else failed.
    case task(TaskReport, contract: ContractKey?)
    /// A result that could not be consumed again and again: to be taken as any result.
    case result(ResultMessage)

    package init(decoding message: BusMessage, limits: EnvelopeLimits = .standard) throws(EnvelopeError) {
        if let type = message.type,
            [AgentHello.type, ResultBundle.type].contains(type) || ReportType(rawValue: type) != nil
        {
            self = .result(try ResultMessage(decoding: message, limits: limits))
            return
        }
        let id = try message.attemptID()
        let contract = message.taskType?.contract
        let content: TaskReport.Content =
            switch message.deathReason {
            case "expired":
                .expired
            case "delivery_limit":
                .failed(TaskFailure(message: "agents gave the task back, or ended while they had it, too often"))
            case "rejected":
                .failed(TaskFailure(message: "an agent rejected the task as unreadable or not its own"))
            case "maxlen":
                .failed(TaskFailure(message: "the queue was full and dropped the task"))
            case let other:
                .failed(
                    TaskFailure(
                        message: "the bus gave the task up: \(EnvelopeLimits.cut(other ?? "no reason", to: 64))"))
            }
        self = .task(TaskReport(id, content), contract: contract)
    }
}

extension BusMessage {
    /// The reason of the newest death: the first entry of `x-death`.
    fileprivate var deathReason: String? {
        if case .array(let deaths)? = header("x-death"), case .table(let newest)? = deaths.first,
            case .string(let reason)? = newest.first(where: { $0.name == "reason" })?.value
        {
            return reason
        }
        return header("x-last-death-reason")?.text ?? header("x-first-death-reason")?.text
    }
}
