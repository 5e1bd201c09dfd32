import ProcessEngine
import Values

/// Small results of one contract that are ready together, as one message: the bus takes as long for a message as for a hundred
/// results in it. Each has its own fence in the body, so that each counts or not by itself.
enum ResultBundle {
    static let type = "results"
    /// What is larger goes alone, and what would become larger is two bundles.
    static let resultBytes = 16 << 10
    static let bundleBytes = 64 << 10
    static let most = 100

    /// What a bundle says: what could be read of it, and what could not.
    struct Content: Sendable, Hashable {
        var contract: ContractKey?
        var reports: [TaskReport] = []
        var problems: [EnvelopeError] = []
    }

    static func content(of message: BusMessage, limits: EnvelopeLimits) throws(EnvelopeError) -> Content {
        let body = try MessageBody(message, limits: limits)
        guard let entries = body["results"]?.elements() else {
            throw EnvelopeError(.wrongShape, "results is missing or not an array")
        }
        var content = Content(contract: try body.word("contract").flatMap { ContractKey($0) })
        for entry in entries {
            do {
                content.reports.append(try report(of: entry, limits: limits))
            } catch {
                // One that cannot be read holds up none of the others.
                content.problems.append(error)
            }
        }
        return content
    }

    private static func report(of entry: JSON, limits: EnvelopeLimits) throws(EnvelopeError) -> TaskReport {
        var fence: (task: TaskID?, attempt: Int?, token: String?)
        var (kind, body): (ReportType?, JSON) = (nil, .emptyObject)
        for (name, value) in entry.members() ?? [] {
            switch name {
            case "task": fence.task = value.stringValue.flatMap { TaskID($0) }
            case "attempt": fence.attempt = value.intValue
            case "token": fence.token = value.stringValue
            case "type": kind = value.stringValue.flatMap { ReportType(rawValue: $0) }
            // Or what is kept of it would keep the whole bundle.
            case "body": body = value.compacted
            default: break
            }
        }
        guard let task = fence.task, let attempt = fence.attempt, attempt > 0 else {
            throw EnvelopeError(.missingID, "a result of a bundle does not say of which attempt it is")
        }
        guard let token = fence.token, !token.isEmpty, token.utf8.count <= 128 else {
            throw EnvelopeError(.missingID, "a result of a bundle has no token")
        }
        guard let kind, kind.endsAttempt else {
            throw EnvelopeError(.unknownType, "an entry of a bundle is no result")
        }
        let id = AttemptID(task: task, attempt: attempt, token: token)
        do {
            return TaskReport(id, try kind.content(of: try MessageBody(body, limits: limits)))
        } catch {
            throw kind.problem(error, of: id)
        }
    }
}

extension AgentSession {
    /// A message to publish, and all that it says: the bus's answer is an answer to each.
    package struct Publish: Sendable, Hashable {
        package var ids: [PublishID]
        package var message: BusMessage
    }

    /// The publishes of one turn in their order, with those results that follow each other in bundles.
    package static func bundled(_ publishes: [(id: PublishID, message: BusMessage)]) -> [Publish] {
        var bundled: [Publish] = []
        bundled.reserveCapacity(publishes.count)
        var open: OpenBundle?
        for (id, message) in publishes {
            guard let entry = OpenBundle.Entry(message) else {
                if let bundle = open.take() { bundled.append(bundle.finished) }
                bundled.append(Publish(ids: [id], message: message))
                continue
            }
            if open?.takes(entry) != true {
                if let bundle = open.take() { bundled.append(bundle.finished) }
                open = OpenBundle(entry)
            }
            open?.add(entry, id)
        }
        if let bundle = open { bundled.append(bundle.finished) }
        return bundled
    }
}

/// A bundle that is being made.
private struct OpenBundle {
    /// A result that may be bundled.
    struct Entry {
        let message: BusMessage
        let type: ReportType
        let task: String
        let attempt: Int64
        let token: String
        let contract: String

        /// Nil for a message that is none, is large, or belongs to a trace.
        init?(_ message: BusMessage) {
            guard let type = message.type.flatMap({ ReportType(rawValue: $0) }), type.endsAttempt,
                message.body.count <= ResultBundle.resultBytes, message.headers.count == 4,
                let task = message.header(HeaderName.task)?.text,
                let attempt = message.header(HeaderName.attempt)?.number,
                let token = message.header(HeaderName.token)?.text,
                let contract = message.header(HeaderName.contract)?.text
            else { return nil }
            self.message = message
            self.type = type
            self.task = task
            self.attempt = attempt
            self.token = token
            self.contract = contract
        }
    }

    private let first: Entry
    private var ids: [AgentSession.PublishID] = []
    private var writer = JSONWriter(reservingCapacity: 4096)

    init(_ first: Entry) {
        self.first = first
        writer.beginObject()
        writer.key("contract")
        writer.string(first.contract)
        writer.key("results")
        writer.beginArray()
    }

    func takes(_ entry: Entry) -> Bool {
        ids.count < ResultBundle.most
            && writer.bytes.count + entry.message.body.count <= ResultBundle.bundleBytes
            && entry.contract == first.contract && entry.message.routingKey == first.message.routingKey
            && entry.message.exchange == first.message.exchange
    }

    mutating func add(_ entry: Entry, _ id: AgentSession.PublishID) {
        ids.append(id)
        writer.beginObject()
        writer.key("task")
        writer.string(entry.task)
        writer.key("attempt")
        writer.int(Int(entry.attempt))
        writer.key("token")
        writer.string(entry.token)
        writer.key("type")
        writer.string(entry.type.rawValue)
        writer.key("body")
        writer.raw(written: entry.message.body)
        writer.endObject()
    }

    /// One alone is sent as it is.
    var finished: AgentSession.Publish {
        guard ids.count > 1 else { return AgentSession.Publish(ids: ids, message: first.message) }
        var writer = writer
        writer.endArray()
        writer.endObject()
        return AgentSession.Publish(
            ids: ids,
            message: BusMessage(
                exchange: first.message.exchange, routingKey: first.message.routingKey,
                messageID: "\(first.message.messageID ?? first.task)+\(ids.count - 1)", type: ResultBundle.type,
                body: writer.bytes))
    }
}
