package import ProcessEngine
import Values

/// What comes in on `waybill.results`.
package enum ResultMessage: Sendable, Hashable {
    /// About an attempt. The contract is what the sender says it is: good for estimates and nothing else.
    case report(TaskReport, contract: ContractKey?)
    /// Several results, and what could not be read beside them.
    case reports([TaskReport], contract: ContractKey?, problems: [EnvelopeError])
    case hello(AgentHello)

    package init(decoding message: BusMessage, limits: EnvelopeLimits = .standard) throws(EnvelopeError) {
        guard let type = message.type else { throw EnvelopeError(.unknownType, "the message has no type") }
        if type == AgentHello.type {
            self = .hello(try AgentHello(decoding: message, limits: limits))
            return
        }
        if type == ResultBundle.type {
            let bundle = try ResultBundle.content(of: message, limits: limits)
            self = .reports(bundle.reports, contract: bundle.contract, problems: bundle.problems)
            return
        }
        guard let kind = ReportType(rawValue: type) else {
            throw EnvelopeError(.unknownType, "no result has the type \(EnvelopeLimits.cut(type, to: 64))")
        }
        let id = try message.attemptID()
        do {
            let content = try kind.content(of: try MessageBody(message, limits: limits))
            let contract = message.header(HeaderName.contract)?.text.flatMap { ContractKey($0) }
            self = .report(TaskReport(id, content), contract: contract)
        } catch {
            throw kind.problem(error, of: id)
        }
    }
}

/// The `type` of a result message.
enum ReportType: String, CaseIterable {
    case started, progress, event, completed, failed, error

    var endsAttempt: Bool {
        switch self {
        case .completed, .failed, .error: true
        case .started, .progress, .event: false
        }
    }

    /// What is wrong with a message of this type, with what the engine is to be told if it was to end the attempt.
    func problem(_ error: EnvelopeError, of id: AttemptID) -> EnvelopeError {
        guard endsAttempt else { return error }
        var problem = error
        problem.report = TaskReport(
            id, .failed(TaskFailure(message: "the agent's \(rawValue) message cannot be read: \(error.message)")))
        return problem
    }

    func content(of body: MessageBody) throws(EnvelopeError) -> TaskReport.Content {
        switch self {
        case .started: return .started
        case .progress: return .progress(try body.number("progress", in: 0...1), message: try body.text("message"))
        case .event: return .event(name: try body.name("name"), payload: body["payload"] ?? .null)
        case .completed: return .completed(output: try body.object("output") ?? .emptyObject)
        case .failed:
            let pause = try body.number("retryAfterMs", in: 0...31_536_000_000)
            let parts = [try body.text("code"), try body.text("message")].compactMap(\.self)
            return .failed(
                TaskFailure(
                    message: parts.isEmpty ? "the agent gave no reason" : parts.joined(separator: ": "),
                    details: body.details("details"),
                    retry: try body.flag("retry"), retryAfter: pause.map { .milliseconds(Int64($0)) }))
        case .error:
            let variables = try body.object("variables")?.members() ?? []
            return .error(
                BPMNError(
                    code: try body.name("code"), message: try body.text("message"),
                    variables: variables.map { Variable(name: $0.name, value: $0.value) }))
        }
    }
}

extension TaskReport {
    /// The message an agent sends about `task`. What only a broker says (released, unroutable) is a failure here.
    package func encoded(for task: TaskMessage, names: BusNames) -> BusMessage {
        let (type, members) = envelope
        return BusMessage(
            exchange: names.resultsExchange, routingKey: task.replyTo, messageID: attemptID.description,
            correlationID: task.correlationID, type: type.rawValue,
            headers: BusMessage.fence(of: attemptID)
                + [.init(name: HeaderName.contract, value: .string(task.contract.description))]
                + (task.traceparent.map { [.init(name: HeaderName.traceparent, value: .string($0))] } ?? []),
            body: JSON.object(members.compactMap { member in member.value.map { (name: member.name, value: $0) } })
                .bytes)
    }

    /// The type, and the body's members; those without a value are left out.
    private var envelope: (ReportType, [(name: String, value: JSON?)]) {
        switch content {
        case .started:
            return (.started, [])
        case .progress(let value, let message):
            return (
                .progress, [("progress", value.map { JSON(progress: $0) }), ("message", message.map { .string($0) })]
            )
        case .event(let name, let payload):
            return (.event, [("name", .string(name)), ("payload", payload)])
        case .completed(let output):
            return (.completed, [("output", output)])
        case .failed(let failure):
            return (
                .failed,
                [
                    ("message", .string(failure.message)), ("details", failure.details.map { .string($0) }),
                    ("retry", failure.retry.map { .bool($0) }),
                    ("retryAfterMs", failure.retryAfter.map { .number(Int(max(0, $0.milliseconds))) }),
                ]
            )
        case .error(let error):
            let variables = error.variables.map { (name: $0.name, value: $0.value) }
            return (
                .error,
                [
                    ("code", .string(error.code)), ("message", error.message.map { .string($0) }),
                    ("variables", variables.isEmpty ? nil : .object(variables)),
                ]
            )
        case .released, .expired:
            return (.failed, [("message", .string("released"))])
        case .unroutable(let message):
            return (.failed, [("message", .string(message))])
        }
    }
}

extension JSON {
    /// 0…1 with six digits: progress needs no more. What is no number is 0.
    fileprivate init(progress: Double) {
        let millionths = Int((progress.isNaN ? 0 : min(max(progress, 0), 1) * 1_000_000).rounded())
        let digits = String(millionths % 1_000_000)
        let fraction = String(repeating: "0", count: 6 - digits.count) + digits
        let text = "\(millionths / 1_000_000).\(fraction)"
        self = (try? JSON(validating: text)) ?? .number(0)
    }
}
