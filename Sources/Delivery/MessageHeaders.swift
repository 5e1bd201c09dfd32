import ProcessEngine

/// The headers of task and result messages.
enum HeaderName {
    static let task = "waybill-task"
    static let attempt = "waybill-attempt"
    static let token = "waybill-token"
    static let contract = "waybill-contract"
    static let traceparent = "traceparent"
    static let reason = "waybill-reason"
    static let queue = "waybill-queue"
}

extension BusMessage.HeaderValue {
    var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool, .double, .table, .array, .other: nil
        }
    }

    /// A whole number; clients in languages without integer headers may write it as text.
    var number: Int64? {
        switch self {
        case .integer(let number): number
        case .string(let text): Int64(text)
        case .bool, .double, .table, .array, .other: nil
        }
    }
}

extension BusMessage {
    /// The attempt that a message is about, from its headers.
    package func attemptID() throws(EnvelopeError) -> AttemptID {
        guard let text = header(HeaderName.task)?.text else {
            throw EnvelopeError(.missingID, "the header \(HeaderName.task) is missing")
        }
        guard let task = TaskID(text) else {
            throw EnvelopeError(.missingID, "the header \(HeaderName.task) is not a task id")
        }
        guard let number = header(HeaderName.attempt)?.number, let attempt = Int(exactly: number), attempt > 0 else {
            throw EnvelopeError(.missingID, "the header \(HeaderName.attempt) is missing or not a positive number")
        }
        guard let token = header(HeaderName.token)?.text, !token.isEmpty, token.utf8.count <= 128 else {
            throw EnvelopeError(.missingID, "the header \(HeaderName.token) is missing or not a token")
        }
        return AttemptID(task: task, attempt: attempt, token: token)
    }

    /// What a result must bring back to count.
    static func fence(of id: AttemptID) -> [Header] {
        [
            Header(name: HeaderName.task, value: .string(id.task.description)),
            Header(name: HeaderName.attempt, value: .integer(Int64(id.attempt))),
            Header(name: HeaderName.token, value: .string(id.token)),
        ]
    }
}
