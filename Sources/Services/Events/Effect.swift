import ProcessEngine
import Values

/// What an instance, or somebody outside, causes in other instances. It travels as an entry of the inbox, and is applied once.
enum Effect: Sendable, Hashable {
    /// Makes the instance that a call activity calls.
    case call(Call)
    /// The call went away: the called instance is canceled.
    case cancelCall(ParentCall)
    /// The calling instance heard of an escalation.
    case answerCall(ParentCall)
    /// Tells the calling instance what became of its call.
    case endCall(ParentCall, CallOutcome)
    /// For everybody who waits for it, but the sender, who has it already.
    case signal(name: String, variables: [Variable], sender: InstanceID?)
    case deliverSignal(InstanceID, name: String, variables: [Variable])
    /// Starts a process at an event of its own.
    case start(DefinitionRegistry.TriggeredStart, businessKey: String?, variables: [Variable])
    /// For one who waits for it, or for a process that starts with it.
    case message(Message)
    /// A timer start event: `fired` times so far.
    case startTimer(DefinitionID, at: ElementID, fired: Int)

    struct Call: Sendable, Hashable {
        var parent: ParentCall
        var caller: DefinitionID
        var target: CallTarget
        var businessKey: String?
        /// What the caller is about; the called instance is, too, unless its contract says what.
        var objectID: String?
        var variables: [Variable]
        /// What the called instance inherits.
        var correlationID: String?
        var runAs: String?
        var priority: Int?
        /// Which errors out of it are caught.
        var catches: CaughtErrors?
    }

    struct Message: Sendable, Hashable {
        var name: String
        /// Canonical JSON.
        var key: String?
        /// Only instances with this business key; what it starts gets it.
        var businessKey: String?
        /// Only this instance, and nothing is started.
        var instance: InstanceID?
        var variables: [Variable]
        /// Milliseconds it may wait for somebody.
        var timeToLive: Int64
        /// For every instance that waits for it, not for one of them.
        var all = false
    }
}

// MARK: - As JSON. Entries outlive the program that wrote them: members are only added.

extension Effect {
    var json: JSON {
        switch self {
        case .call(let call):
            .object([
                ("t", .string("call")), ("parent", call.parent.json), ("caller", .string(call.caller.description)),
                ("process", .string(call.target.process)), ("binding", call.target.binding.json),
                ("businessKey", .text(call.businessKey)), ("objectId", .text(call.objectID)),
                ("variables", .members(call.variables)),
                ("correlationId", .text(call.correlationID)), ("runAs", .text(call.runAs)),
                ("priority", call.priority.map { .number($0) } ?? .null), ("catches", call.catches?.json ?? .null),
            ])
        case .cancelCall(let parent): .object([("t", .string("cancelCall")), ("parent", parent.json)])
        case .answerCall(let parent): .object([("t", .string("answerCall")), ("parent", parent.json)])
        case .endCall(let parent, let outcome):
            .object([("t", .string("endCall")), ("parent", parent.json), ("outcome", outcome.json)])
        case .signal(let name, let variables, let sender):
            .object([
                ("t", .string("signal")), ("name", .string(name)), ("variables", .members(variables)),
                ("sender", .text(sender?.text)),
            ])
        case .deliverSignal(let instance, let name, let variables):
            .object([
                ("t", .string("deliverSignal")), ("instance", .string(instance.text)), ("name", .string(name)),
                ("variables", .members(variables)),
            ])
        case .start(let start, let businessKey, let variables):
            .object([
                ("t", .string("start")), ("definition", .string(start.definition.description)),
                ("element", .string(start.element.text)),
                ("trigger", start.trigger.map { .number($0) } ?? .null), ("businessKey", .text(businessKey)),
                ("variables", .members(variables)),
            ])
        case .message(let message):
            .object([
                ("t", .string("message")), ("name", .string(message.name)), ("key", .text(message.key)),
                ("businessKey", .text(message.businessKey)), ("instance", .text(message.instance?.text)),
                ("variables", .members(message.variables)), ("ttl", .number(Int(message.timeToLive))),
                ("all", .bool(message.all)),
            ])
        case .startTimer(let definition, let element, let fired):
            .object([
                ("t", .string("startTimer")), ("definition", .string(definition.description)),
                ("element", .string(element.text)), ("fired", .number(fired)),
            ])
        }
    }

    /// Nil for what no version of this program has written.
    init?(_ json: JSON) {
        let variables = (json["variables"]?.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
        let parent = json["parent"].flatMap { ParentCall($0) }
        let definition = json["definition"]?.stringValue.flatMap { DefinitionID($0) }
        let element = json["element"]?.stringValue.map { ElementID($0) }
        let name = json["name"]?.stringValue
        let businessKey = json["businessKey"]?.stringValue
        switch (json["t"]?.stringValue, parent, definition, element, name) {
        case ("call", let parent?, _, _, _):
            guard let caller = json["caller"]?.stringValue.flatMap({ DefinitionID($0) }),
                let process = json["process"]?.stringValue,
                let binding = json["binding"].flatMap({ CallTarget.Binding($0) })
            else { return nil }
            self = .call(
                Call(
                    parent: parent, caller: caller, target: CallTarget(process: process, binding: binding),
                    businessKey: businessKey, objectID: json["objectId"]?.stringValue, variables: variables,
                    correlationID: json["correlationId"]?.stringValue, runAs: json["runAs"]?.stringValue,
                    priority: json["priority"]?.intValue, catches: json["catches"].flatMap { CaughtErrors($0) }))
        case ("cancelCall", let parent?, _, _, _): self = .cancelCall(parent)
        case ("answerCall", let parent?, _, _, _): self = .answerCall(parent)
        case ("endCall", let parent?, _, _, _):
            guard let outcome = json["outcome"].flatMap({ CallOutcome($0) }) else { return nil }
            self = .endCall(parent, outcome)
        case ("signal", _, _, _, let name?):
            self = .signal(
                name: name, variables: variables, sender: json["sender"]?.stringValue.map { InstanceID($0) })
        case ("deliverSignal", _, _, _, let name?):
            guard let instance = json["instance"]?.stringValue else { return nil }
            self = .deliverSignal(InstanceID(instance), name: name, variables: variables)
        case ("start", _, let definition?, let element?, _):
            let start = DefinitionRegistry.TriggeredStart(
                definition: definition, element: element, trigger: json["trigger"]?.intValue)
            self = .start(start, businessKey: businessKey, variables: variables)
        case ("message", _, _, _, let name?):
            self = .message(
                Message(
                    name: name, key: json["key"]?.stringValue, businessKey: businessKey,
                    instance: json["instance"]?.stringValue.map { InstanceID($0) }, variables: variables,
                    timeToLive: Int64(json["ttl"]?.intValue ?? 0), all: json["all"]?.boolValue ?? false))
        case ("startTimer", _, let definition?, let element?, _):
            self = .startTimer(definition, at: element, fired: json["fired"]?.intValue ?? 0)
        default: return nil
        }
    }

    /// An entry that is due at a time.
    func entry(at due: Timestamp) -> InboxEntry.Content { InboxEntry.Content(dueAt: due, body: json.bytes) }
}

extension JSON {
    fileprivate static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    fileprivate static func members(_ variables: [Variable]) -> JSON {
        .object(variables.map { ($0.name, $0.value) })
    }

    fileprivate var variables: [Variable] { (members() ?? []).map { Variable(name: $0.name, value: $0.value) } }
}

extension ParentCall {
    fileprivate var json: JSON { .object([("instance", .string(instance.text)), ("call", .number(call))]) }

    fileprivate init?(_ json: JSON) {
        guard let instance = json["instance"]?.stringValue, let call = json["call"]?.intValue else { return nil }
        self.init(instance: InstanceID(instance), call: call)
    }
}

extension CallTarget.Binding {
    fileprivate var json: JSON {
        switch self {
        case .latest: .string("latest")
        case .deployment: .string("deployment")
        case .version(let version): .number(version)
        case .versionTag(let tag): .object([("tag", .string(tag))])
        case .contract(let contract): .object([("contract", .string(contract.description))])
        }
    }

    fileprivate init?(_ json: JSON) {
        if let version = json.intValue {
            self = .version(version)
        } else if let tag = json["tag"]?.stringValue {
            self = .versionTag(tag)
        } else if let contract = json["contract"]?.stringValue.flatMap({ ContractKey($0) }) {
            self = .contract(contract)
        } else {
            switch json.stringValue {
            case "latest": self = .latest
            case "deployment": self = .deployment
            default: return nil
            }
        }
    }
}

extension CallOutcome {
    fileprivate var json: JSON {
        switch self {
        case .completed(let variables):
            .object([("is", .string("completed")), ("variables", .members(variables))])
        case .error(let error, let variables):
            .object([
                ("is", .string("error")), ("code", .string(error.code)), ("message", .text(error.message)),
                ("variables", .members(variables)),
            ])
        case .uncaughtError(let error, let variables):
            .object([
                ("is", .string("uncaughtError")), ("code", .string(error.code)), ("message", .text(error.message)),
                ("variables", .members(variables)),
            ])
        case .escalation(let code, let variables):
            .object([("is", .string("escalation")), ("code", .text(code)), ("variables", .members(variables))])
        case .failed(let message): .object([("is", .string("failed")), ("message", .string(message))])
        }
    }

    fileprivate init?(_ json: JSON) {
        let variables = json["variables"]?.variables ?? []
        let (code, message) = (json["code"]?.stringValue, json["message"]?.stringValue)
        switch json["is"]?.stringValue {
        case "completed": self = .completed(variables)
        case "error": self = .error(BPMNError(code: code ?? "", message: message), variables: variables)
        case "uncaughtError":
            self = .uncaughtError(BPMNError(code: code ?? "", message: message), variables: variables)
        case "escalation": self = .escalation(code: code, variables: variables)
        case "failed": self = .failed(message: message ?? "")
        default: return nil
        }
    }
}
