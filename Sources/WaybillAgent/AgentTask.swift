import Delivery
import ProcessEngine
import Values

/// The task a handler works on: what it is, and how to speak about it while it runs.
public struct AgentTask: Sendable {
    /// The task, the same in every attempt: the idempotency key of the work.
    public let id: String
    /// The number of this attempt, from 1.
    public let attempt: Int
    /// `<contract>@<major.minor>`, as in `media.transcode@2.1`.
    public let contract: String
    /// The workflow instance it belongs to.
    public let instance: String
    /// What the instance has in common with those that called it and those it calls: without a caller's own, the id of the first.
    public let correlationID: String
    /// On whose behalf the work is done, if the start of the workflow said so. It is told, not proven.
    public let runAs: String?
    /// The process and its version, as in `ingest:3`.
    public let workflow: String?
    /// How long the attempt may run.
    public let timeout: Duration?
    /// Texts that the model of the workflow gives along with this task, by name: `zeebe:taskHeaders`, `camunda:properties`.
    public let headers: [String: String]
    /// The settings and secrets that the contract names, by name, as JSON text; empty if it names none.
    ///
    /// They are those of this moment: do not keep them for a later task, and do not log them.
    public let settings: [String: [UInt8]]
    /// The W3C trace context of the task, if there is one.
    public let traceparent: String?

    private let key: AttemptID
    private let send: @Sendable (ContractServer.Input) -> Void

    init(_ task: TaskMessage, send: @escaping @Sendable (ContractServer.Input) -> Void) {
        id = task.id.task.description
        attempt = task.id.attempt
        contract = "\(task.contract.name)@\(task.version)"
        instance = task.id.task.instance.text
        correlationID = task.correlationID
        runAs = task.runAs
        workflow = task.workflow
        timeout = task.timeout
        traceparent = task.traceparent
        headers = Dictionary(
            task.headers.map { ($0.name, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
        settings = Dictionary(
            (task.settings?.members() ?? []).map { ($0.name, $0.value.bytes) }, uniquingKeysWith: { $1 })
        key = task.id
        self.send = send
    }

    /// The setting of that name as a text: what it says if it is a string, else its JSON. Nil if the contract does not name it.
    public func setting(_ name: String) -> String? {
        guard let bytes = settings[name], let json = try? JSON(validating: bytes) else { return nil }
        return json.stringValue ?? json.text
    }

    /// Tells how far the work is. Call it as often as you like: the latest is sent, at most two a second. It does not wait for
    /// the bus.
    ///
    /// - Parameters:
    ///   - fraction: 0…1; nil if unknown.
    ///   - message: For people: what is being done.
    /// - Throws: `CancellationError` if the task was cancelled, so that a loop that reports progress ends with it.
    public func progress(_ fraction: Double?, _ message: String? = nil) async throws {
        try Task.checkCancellation()
        send(.progress(key, fraction, message))
    }

    /// Raises an event of the contract: it is recorded in the instance's history. Returns when the bus has it.
    /// It may arrive more than once.
    ///
    /// - Parameters:
    ///   - name: One of the contract's `events`.
    ///   - payload: What came with it, as any encodable value.
    /// - Throws: `CancellationError` if the task was cancelled, ``TaskError`` if the payload is too large,
    ///   `EncodingError` if it does not encode.
    public func event(_ name: String, _ payload: some Encodable & Sendable) async throws {
        try await event(name, json: try CodableJSON.encodeAny(payload))
    }

    /// Raises an event without a payload.
    public func event(_ name: String) async throws {
        try await event(name, json: Array("null".utf8))
    }

    /// Raises an event with a payload of JSON text.
    public func event(_ name: String, json: [UInt8]) async throws {
        try Task.checkCancellation()
        guard let payload = try? JSON(validating: json) else {
            throw TaskError.failure("the payload of the event \(name) is not JSON", retry: false)
        }
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw TaskError.failure("an event's name has 1 to 256 bytes", retry: false)
        }
        let (answers, continuation) = AsyncStream<AgentSession.EventRefusal?>.makeStream()
        send(.event(key, name: name, payload: payload, answer: continuation))
        for await refusal in answers {
            switch refusal {
            case nil: return
            case .tooLarge(let bytes, let limit):
                throw TaskError.failure(
                    "the event \(name) has \(bytes) bytes; at most \(limit) can be sent", retry: false)
            case .attemptOver: throw CancellationError()
            }
        }
        throw CancellationError()
    }
}
