import ProcessEngine
import Values

/// What a handler throws to say how its task ended.
public struct TaskError: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case bpmn(BPMNError)
        case failure(TaskFailure)
    }
    let kind: Kind

    /// A BPMN error: an outcome that the workflow is made for. A boundary event with this code catches it; no retry is spent.
    ///
    /// - Parameters:
    ///   - code: One of the contract's `errors`; 1 to 256 bytes.
    ///   - message: For people.
    public static func bpmn(code: String, message: String? = nil) -> TaskError {
        TaskError(kind: .bpmn(BPMNError(code: code, message: message)))
    }

    /// The attempt failed.
    ///
    /// - Parameters:
    ///   - message: What went wrong, in a sentence.
    ///   - details: More, for whoever looks into it: a log, a stack trace.
    ///   - retry: False if trying again is pointless: an incident follows at once. Otherwise the contract's policy decides.
    ///   - retryAfter: At least this long until the next attempt, if that is longer than the policy's pause.
    public static func failure(
        _ message: String, details: String? = nil, retry: Bool = true, retryAfter: Duration? = nil
    ) -> TaskError {
        TaskError(
            kind: .failure(
                TaskFailure(message: message, details: details, retry: retry ? nil : false, retryAfter: retryAfter)))
    }

    /// The code and message, or the message.
    public var description: String {
        switch kind {
        case .bpmn(let error): error.message.map { "\(error.code): \($0)" } ?? error.code
        case .failure(let failure): failure.message
        }
    }
}
