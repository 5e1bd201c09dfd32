import Delivery
import ProcessEngine
import Values

/// Reads what an engine says of a task, and turns values into its words.
enum CamundaTask {
    /// Marks the ids of engines whose task ids are not ours.
    private static let foreign = "c7."

    /// The engine's id of a task, from ours.
    static func id(of task: TaskID) -> String {
        let instance = task.instance.text
        return instance.hasPrefix(foreign) ? String(instance.dropFirst(foreign.count)) : task.description
    }

    /// Our id of an engine's task. A Waybill's are ours already; of others we make one that leads back to it.
    static func taskID(of id: String, isWaybill: Bool) -> TaskID? {
        if isWaybill { return TaskID(id) }
        return id.isEmpty || id.utf8.count > 100 ? nil : TaskID(instance: InstanceID(foreign + id), number: 1)
    }

    /// A task of a fetch; nil if the engine left out what is needed.
    ///
    /// The token is the worker id of the fetch, and the attempt the end of the lock in ms, which grows with every lock.
    static func leased(_ task: JSON, token: String, owner: String, isWaybill: Bool) -> LeasedTask? {
        guard let id = task["id"]?.stringValue.flatMap({ taskID(of: $0, isWaybill: isWaybill) }),
            let contract = task["topicName"]?.stringValue.flatMap({ ContractKey.named(byTopic: $0) }),
            let until = task["lockExpirationTime"]?.stringValue.flatMap(time),
            let element = task["activityId"]?.stringValue,
            let input = input(task["variables"])
        else { return nil }
        let process = task["processDefinitionKey"]?.stringValue ?? ""
        let definition = task["processDefinitionId"]?.stringValue
        var leased = LeasedTask(
            id: id, element: ElementID(element), contract: contract, priority: task["priority"]?.intValue ?? 0,
            retries: task["retries"]?.intValue ?? 1,
            definition: definition.flatMap { isWaybill ? DefinitionID($0) : nil }
                ?? DefinitionID(process: process, version: version(in: definition)),
            businessKey: task["businessKey"]?.stringValue,
            lease: TaskLease(
                owner: owner, attempt: Int(clamping: until.millisecondsSinceEpoch), token: token, until: until),
            input: input, correlationID: isWaybill ? task["waybillCorrelationId"]?.stringValue : nil,
            runAs: isWaybill ? task["waybillRunAs"]?.stringValue : nil)
        leased.headers = (task["extensionProperties"]?.members() ?? []).filter { $0.value.isString }
            .map { Variable(name: $0.name, value: $0.value) }
        return leased
    }

    /// `key:version:id`.
    private static func version(in definition: String?) -> Int {
        let parts = definition?.split(separator: ":") ?? []
        return parts.count == 3 ? Int(parts[1]) ?? 1 : 1
    }

    /// `2015-10-06T16:34:42.000+0200`.
    static func time(_ text: String) -> Timestamp? {
        text.count > 5 ? Timestamp(iso8601: withColonInZone(text)) : nil
    }

    /// A time as RFC 3339 has it, and the format `date-time` of contracts.
    private static func withColonInZone(_ text: String) -> String {
        var text = text
        let zone = text.suffix(5)
        guard zone.count == 5, zone.first == "+" || zone.first == "-" else { return text }
        text.insert(":", at: text.index(text.endIndex, offsetBy: -2))
        return text
    }

    /// The variables as one object; JSON that travels as text is read.
    private static func input(_ variables: JSON?) -> JSON? {
        guard let members = (variables ?? .emptyObject).members() else { return nil }
        return .object(members.map { ($0.name, value(of: $0.value)) })
    }

    private static func value(of typed: JSON) -> JSON {
        let value = typed["value"] ?? .null
        guard let text = value.stringValue, let type = typed["type"]?.stringValue?.lowercased() else { return value }
        if type == "date" { return .string(withColonInZone(text)) }
        let format = typed["valueInfo"]?["serializationDataFormat"]?.stringValue ?? ""
        guard type == "json" || (type == "object" && format.hasPrefix("application/json")) else { return value }
        return (try? JSON(validating: text)) ?? value
    }

    /// An object's members as typed values: `{name: {value, type}}`.
    static func variables(_ object: JSON) -> JSON {
        .object((object.members() ?? []).map { ($0.name, typed($0.value)) })
    }

    static func variables(_ variables: [Variable]) -> JSON {
        .object(variables.map { ($0.name, typed($0.value)) })
    }

    private static func typed(_ value: JSON) -> JSON {
        if value.isObject || value.isArray {
            return .object([("value", .string(value.text)), ("type", .string("Json"))])
        }
        let type: String
        if value.isString {
            type = "String"
        } else if value.isBool {
            type = "Boolean"
        } else if value.isNull {
            type = "Null"
        } else if Int32(value.text) != nil {
            type = "Integer"
        } else {
            type = Int64(value.text) != nil ? "Long" : "Double"
        }
        return .object([("value", value), ("type", .string(type))])
    }
}
