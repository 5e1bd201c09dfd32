import HummingbirdCore
import ProcessEngine
import Services
import Values

/// A `fetchAndLock` request as a worker sent it.
struct FetchAndLock {
    private struct Topic {
        var name: String
        var contract: ContractKey?
        /// The variables to answer; nil: all.
        var variables: [String]?
        var localOnly: Bool
        var extensions: Bool
    }

    private let topics: [Topic]
    private(set) var fetch: WorkerFetch

    init(_ body: JSON) throws(CamundaError) {
        guard let worker = body["workerId"].flatMap({ $0.isNull ? nil : $0.stringValue ?? $0.text }), !worker.isEmpty
        else { throw .invalid("workerId is null") }
        guard let limit = body["maxTasks"]?.intValue, limit >= 0 else {
            throw .invalid("maxTasks is not greater than or equal to 0")
        }
        let wait = body["asyncResponseTimeout"]?.intValue ?? 0
        guard wait <= EngineREST.longestWaitMilliseconds else {
            throw .invalid(
                "The asynchronous response timeout cannot be set to a value greater than \(EngineREST.longestWaitMilliseconds) milliseconds"
            )
        }
        var topics: [Topic] = []
        var wanted: [WorkerFetch.Topic] = []
        for element in body["topics"]?.elements() ?? [] {
            guard let name = element["topicName"]?.stringValue else { throw .invalid("topicName is null") }
            guard let lock = element["lockDuration"]?.intValue, lock > 0 else {
                throw .invalid("lockTime is not greater than 0 (topic '\(name)')")
            }
            // What no model could name has no tasks.
            let contract = ContractKey.named(byTopic: name)
            topics.append(
                Topic(
                    name: name, contract: contract,
                    variables: element["variables"]?.elements()?.compactMap(\.stringValue),
                    localOnly: element["localVariables"]?.boolValue ?? false,
                    extensions: element["includeExtensionProperties"]?.boolValue ?? false))
            guard let contract else { continue }
            wanted.append(
                WorkerFetch.Topic(
                    contract: contract, lockDuration: .milliseconds(lock), filter: try Self.filter(element)))
        }
        self.topics = topics
        fetch = WorkerFetch(
            worker: worker, topics: wanted, limit: min(limit, ExternalTaskService.fetchLimit),
            wait: .milliseconds(max(wait, 0)))
    }

    /// Leaves no tasks of other definitions than these.
    mutating func restrict(to admitted: [DefinitionID]) {
        for index in fetch.topics.indices {
            let wanted = fetch.topics[index].filter.definitions
            fetch.topics[index].filter.definitions = admitted.filter { wanted?.contains($0) ?? true }
        }
    }

    private static func filter(_ topic: JSON) throws(CamundaError) -> WorkerFilter {
        let given = Filters(body: topic)
        var filter = WorkerFilter()
        filter.businessKey = given.string("businessKey")
        var ids = given.list("processDefinitionIdIn")
        if let one = given.string("processDefinitionId") { ids = (ids ?? []) + [one] }
        filter.definitions = ids.map { $0.compactMap { DefinitionID($0) } }
        filter.processes = given.list("processDefinitionKeyIn")
        if let one = given.string("processDefinitionKey") { filter.processes = (filter.processes ?? []) + [one] }
        for (name, value) in topic["processVariables"]?.members() ?? [] {
            // Plain values, or typed ones.
            let isTyped = value.isObject && value["value"] != nil
            filter.variables.append(
                Variable(name: name, value: isTyped ? try TypedValue.read(value, name: name) : value))
        }
        // Version tags are not kept.
        filter.isImpossible = given.string("processDefinitionVersionTag") != nil
        return filter
    }

    /// Whether the worker asks for what the model gives along with the task.
    func wantsProperties(of task: ExternalTask) -> Bool {
        topics.first { $0.contract == task.contract }?.extensions ?? false
    }

    /// Each task with the name of the topic that was asked for.
    func response(_ tasks: [ExternalTask], properties: [TaskID: [Variable]]) -> Response {
        Response(json: tasks) { writer, task in
            let topic = topics.first { $0.contract == task.contract }
            writer.beginObject()
            writer.externalTaskMembers(task, topic: topic?.name)
            let isShown = !(topic?.localOnly ?? false) || task.hasOwnInput
            let input = isShown ? task.input.members() ?? [] : []
            // Camunda has neither; clients ignore what they do not know.
            if let id = task.correlationID { writer.member("waybillCorrelationId", id) }
            if let user = task.runAs { writer.member("waybillRunAs", user) }
            writer.key("variables")
            writer.typed(
                input.filter { topic?.variables?.contains($0.name) ?? true }
                    .map { Variable(name: $0.name, value: $0.value) })
            if wantsProperties(of: task) {
                writer.key("extensionProperties")
                writer.beginObject()
                for property in properties[task.id] ?? [] { writer.member(property.name, property.value.stringValue) }
                writer.endObject()
            }
            writer.endObject()
        }
    }
}

extension JSONWriter {
    /// All that Camunda says of a task; clients look hard for several of these.
    mutating func externalTaskMembers(_ task: ExternalTask, topic: String? = nil) {
        member("id", task.id.description)
        member("topicName", topic ?? task.contract.topic)
        member("workerId", task.worker)
        time("lockExpirationTime", task.lockedUntil)
        time("createTime", task.createdAt)
        member("activityId", task.element.text)
        member("activityInstanceId", "\(task.element):\(task.id.instance).\(task.activity)")
        member("executionId", task.id.description)
        member("processInstanceId", task.id.instance.text)
        member("processDefinitionId", task.definition.description)
        member("processDefinitionKey", task.definition.process)
        nulls("processDefinitionVersionTag", "tenantId")
        key("retries")
        if let retries = task.retries { int(retries) } else { null() }
        member("suspended", task.isSuspended)
        key("priority")
        int(task.priority)
        member("businessKey", task.businessKey)
        member("errorMessage", task.error)
        member("errorDetails", task.errorDetails)
    }
}
