package import Values

/// Asks over the bus for the start of a workflow: the body is that of a start over REST.
package struct StartMessage: Sendable, Hashable {
    package var version: String?
    package var input: JSON
    package var businessKey: String?
    /// The caller's, or the id of the message: the same start is made once.
    package var idempotencyKey: String
    /// Keys and texts.
    package var metadata: [(name: String, value: JSON)] { metadataObject.members() ?? [] }
    package var startedBy: String?
    package var runAs: String?
    package var correlationID: String?
    package var priority: Int?
    private var metadataObject: JSON

    private static let members = [
        "version", "input", "businessKey", "idempotencyKey", "metadata", "startedBy", "runAs", "correlationId",
        "priority",
    ]

    package init(decoding message: BusMessage, limits: EnvelopeLimits = .standard) throws(EnvelopeError) {
        let body = try MessageBody(message, limits: limits)
        if let unknown = body.names.first(where: { !Self.members.contains($0) }) {
            throw EnvelopeError(
                .wrongShape, "unknown member '\(unknown)'; there are: \(Self.members.joined(separator: ", "))")
        }
        guard let key = try body.word("idempotencyKey") ?? message.messageID, !key.isEmpty else {
            throw EnvelopeError(
                .missingID, "the message has neither a message_id nor an idempotencyKey: it could be started twice")
        }
        idempotencyKey = key
        version = try body.word("version")
        input = try body.object("input") ?? .emptyObject
        businessKey = try body.word("businessKey")
        startedBy = try body.word("startedBy")
        runAs = try body.word("runAs")
        correlationID = try body.word("correlationId")
        priority = try body.wholeNumber("priority")
        metadataObject = try body.object("metadata") ?? .emptyObject
        for (name, value) in metadata where !value.isString {
            throw EnvelopeError(.wrongShape, "metadata.\(name) must be a string")
        }
    }

    /// The answer to whoever asked for one: it comes at least once.
    package static func answer(_ type: String, _ body: JSON, to message: BusMessage, names: BusNames) -> BusMessage? {
        guard let replyTo = message.replyTo, !replyTo.isEmpty else { return nil }
        // Not the default exchange: through it, who asks could have us write into any queue.
        return BusMessage(
            exchange: names.answersExchange, routingKey: replyTo,
            correlationID: message.correlationID ?? message.messageID, type: type,
            body: body.bytes)
    }

    /// The message as it is kept when it was refused.
    package static func refused(_ message: BusMessage, because reason: String, by queue: String, names: BusNames)
        -> BusMessage
    {
        var kept = message
        kept.exchange = names.startsExchange
        kept.routingKey = names.refusedStartsKey
        kept.expirationMilliseconds = nil
        kept.headers.removeAll { $0.name == HeaderName.reason || $0.name == HeaderName.queue }
        kept.headers.append(.init(name: HeaderName.reason, value: .string(EnvelopeLimits.cut(reason, to: 4096))))
        kept.headers.append(.init(name: HeaderName.queue, value: .string(queue)))
        return kept
    }
}
