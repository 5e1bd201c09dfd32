package import ProcessEngine
import Values

/// Tells the agents of a contract, on `waybill.control`, that a task is not wanted any more. A courtesy: the fence holds without.
package struct CancelMessage: Sendable, Hashable {
    package var task: TaskID
    /// Only this attempt and earlier ones; nil: the task is gone for good.
    package var attempt: Int?
    package var reason: String?

    package static let type = "cancel"

    package init(task: TaskID, attempt: Int? = nil, reason: String? = nil) {
        self.task = task
        self.attempt = attempt
        self.reason = reason
    }

    package func encoded(for contract: ContractKey, names: BusNames) -> BusMessage {
        var members: [(name: String, value: JSON)] = [(name: "task", value: .string(task.description))]
        if let attempt { members.append((name: "attempt", value: .number(attempt))) }
        if let reason { members.append((name: "reason", value: .string(reason))) }
        return BusMessage(
            exchange: names.controlExchange, routingKey: names.cancelKey(of: contract),
            correlationID: task.instance.text,
            type: Self.type, body: JSON.object(members).bytes)
    }

    package init(decoding message: BusMessage, limits: EnvelopeLimits = .standard) throws(EnvelopeError) {
        guard message.type == Self.type else {
            throw EnvelopeError(.unknownType, "no control message for agents has that type")
        }
        let body = try MessageBody(message, limits: limits)
        guard let task = TaskID(try body.name("task")) else {
            throw EnvelopeError(.wrongShape, "task is not a task id")
        }
        self.task = task
        if let value = body["attempt"] {
            guard let attempt = value.intValue else {
                throw EnvelopeError(.wrongShape, "attempt is not a whole number")
            }
            self.attempt = attempt
        }
        reason = try body.text("reason")
    }
}
