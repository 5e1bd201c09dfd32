/// Why a message of a peer cannot be read. Never a reason to stop: the message is counted, and its attempt failed where the
/// message still says which one it was.
package struct EnvelopeError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case tooLarge = "too-large"
        case notJSON = "not-json"
        case wrongShape = "wrong-shape"
        case missingID = "missing-id"
        case unknownType = "unknown-type"
    }
    package var reason: Reason
    package var message: String
    /// What the engine is to be told, if the ids were readable and the message was to end the attempt: that it failed.
    package var report: TaskReport?

    package init(_ reason: Reason, _ message: String, report: TaskReport? = nil) {
        self.reason = reason
        self.message = message
        self.report = report
    }

    package var description: String { "\(message) [\(reason.rawValue)]" }
}

/// How large messages and their parts may be.
package struct EnvelopeLimits: Sendable, Hashable {
    /// Bytes of a body. RabbitMQ 4 closes the channel over a larger message by default.
    package var bodyBytes: Int
    /// Bytes of a task's body from which on its largest inputs are claimed instead of sent.
    package var claimBytes: Int
    /// Bytes of a message text, and of its details; what is longer is cut.
    package var textBytes: Int
    package var detailsBytes: Int

    package init(
        bodyBytes: Int = 16 << 20, claimBytes: Int = 256 << 10, textBytes: Int = 4 << 10, detailsBytes: Int = 64 << 10
    ) {
        self.bodyBytes = bodyBytes
        self.claimBytes = claimBytes
        self.textBytes = textBytes
        self.detailsBytes = detailsBytes
    }

    package static let standard = EnvelopeLimits()

    /// The text, cut at a character where it is too long.
    static func cut(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var kept = ""
        var size = 0
        for character in text {
            size += character.utf8.count
            if size > bytes { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
