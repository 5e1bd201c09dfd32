package import ProcessEngine
package import Values

/// A task on its way to an agent: one attempt, with all that an agent may know.
package struct TaskMessage: Sendable, Hashable {
    package var id: AttemptID
    package var contract: ContractKey
    /// `major.minor` of the contract that the engine used.
    package var version: String
    /// `<process>:<version>`.
    package var workflow: String?
    /// How long the attempt may run.
    package var timeout: Duration?
    /// The longest silence the engine bears while it runs; nil: none is expected before `timeout`.
    package var heartbeat: Duration?
    /// The routing key of its results.
    package var replyTo: String
    package var traceparent: String?
    /// What the instance has in common with those that called it: without more, the id of the first.
    package var correlationID: String
    /// On whose behalf the work is done.
    package var runAs: String?
    /// An object, without the members that are claimed.
    package var input: JSON
    /// Texts that the model gives along, by name (`zeebe:taskHeaders`, `camunda:properties`).
    package var headers: [Variable] = []
    /// Settings of the installation that the contract names, an object; nil: it names none. Never logged, and kept nowhere else.
    package var settings: JSON?
    /// The members of the input that are fetched over HTTP.
    package var claims: [ClaimCheck] = []

    package init(
        id: AttemptID, contract: ContractKey, version: String, workflow: String? = nil, timeout: Duration? = nil,
        heartbeat: Duration? = nil, replyTo: String, traceparent: String? = nil, correlationID: String? = nil,
        runAs: String? = nil, input: JSON
    ) {
        self.id = id
        self.contract = contract
        self.version = version
        self.workflow = workflow
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.replyTo = replyTo
        self.traceparent = traceparent
        self.correlationID = correlationID ?? id.task.instance.text
        self.runAs = runAs
        self.input = input
    }

    package init(_ task: LeasedTask, policy: TaskPolicy, replyTo: String, traceparent: String? = nil) {
        self.init(
            id: task.attemptID, contract: task.contract, version: policy.version, workflow: task.definition.description,
            timeout: policy.timeout, heartbeat: policy.heartbeat, replyTo: replyTo, traceparent: traceparent,
            correlationID: task.correlationID, runAs: task.runAs, input: task.input)
        headers = task.headers
    }

    /// The message; the bus gives it back `expiration` after it came, if no agent took it.
    ///
    /// What is for the agent alone stands in the body: the bus reads every header of a message more than once, and 1 or 2 µs for
    /// each of them are much beside the 30 of a message without any.
    package func encoded(names: BusNames, expiration: Duration?) -> BusMessage {
        var headers = BusMessage.fence(of: id)
        if let traceparent { headers.append(.init(name: HeaderName.traceparent, value: .string(traceparent))) }
        return BusMessage(
            exchange: names.tasksExchange, routingKey: names.taskKey(of: contract), messageID: id.description,
            correlationID: correlationID, type: "\(contract.name)@\(version)", replyTo: replyTo,
            expirationMilliseconds: expiration?.milliseconds, headers: headers,
            body: body.bytes)
    }

    private var body: JSON {
        var members = [(name: "input", value: input)] + particulars
        if !claims.isEmpty {
            members.append((name: "claims", value: .object(claims.map { (name: $0.name, value: $0.json) })))
        }
        return .object(members)
    }

    /// The members of the body beside input and claims.
    var particulars: [(name: String, value: JSON)] {
        var members: [(name: String, value: JSON)] = []
        if let workflow { members.append((name: "workflow", value: .string(workflow))) }
        if let timeout { members.append((name: "timeoutMs", value: .number(Int(timeout.milliseconds)))) }
        if let heartbeat { members.append((name: "heartbeatMs", value: .number(Int(heartbeat.milliseconds)))) }
        if let runAs { members.append((name: "runAs", value: .string(runAs))) }
        if !headers.isEmpty { members.append((name: "headers", value: .object(headers.map { ($0.name, $0.value) }))) }
        if let settings { members.append((name: "settings", value: settings)) }
        return members
    }

    package init(decoding message: BusMessage, limits: EnvelopeLimits = .standard) throws(EnvelopeError) {
        let id = try message.attemptID()
        guard let (contract, version) = message.taskType else {
            throw EnvelopeError(.unknownType, "the type of a task message is not <contract>@<major.minor>")
        }
        guard let replyTo = message.replyTo, !replyTo.isEmpty else {
            throw EnvelopeError(.missingID, "the message has no reply_to")
        }
        let body = try MessageBody(message, limits: limits)
        guard let input = body["input"], input.isObject else {
            throw EnvelopeError(.wrongShape, "input is missing or not an object")
        }
        self.init(
            id: id, contract: contract, version: version, workflow: try body.word("workflow"),
            timeout: try body.duration("timeoutMs"), heartbeat: try body.duration("heartbeatMs"), replyTo: replyTo,
            traceparent: message.header(HeaderName.traceparent)?.text, correlationID: message.correlationID,
            runAs: try body.word("runAs"), input: input)
        if let given = try body.object("headers") { headers = try Self.texts(given) }
        settings = try body.object("settings")
        if let claims = body["claims"] { self.claims = try ClaimCheck.decoding(claims, besides: input) }
    }

    private static func texts(_ object: JSON) throws(EnvelopeError) -> [Variable] {
        var texts: [Variable] = []
        for member in object.members() ?? [] {
            guard member.value.isString else {
                throw EnvelopeError(.wrongShape, "headers has a member that is no text")
            }
            texts.append(Variable(name: member.name, value: member.value))
        }
        return texts
    }
}

extension BusMessage {
    /// What the type of a task message says: `<contract>@<major.minor>`.
    var taskType: (contract: ContractKey, version: String)? {
        guard let type, let at = type.lastIndex(of: "@"), at > type.startIndex else { return nil }
        let version = String(type[type.index(after: at)...])
        guard let major = version.split(separator: ".", omittingEmptySubsequences: false).first.flatMap({ Int($0) }),
            major >= 0
        else { return nil }
        return (ContractKey(name: String(type[..<at]), major: major), version)
    }
}

extension MessageBody {
    /// Milliseconds; what is not positive counts as absent.
    fileprivate func duration(_ member: String) throws(EnvelopeError) -> Duration? {
        guard let number = try wholeNumber(member), number > 0 else { return nil }
        return .milliseconds(number)
    }
}
