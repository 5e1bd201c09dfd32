import Services
import Testing
import Values
import WebServerTesting

/// What workers call: `start -> t1 (topic) -> end`.
@Suite struct WorkerTests {
    private static func run(
        _ model: [UInt8] = Model.sequence("topic"), _ body: @escaping @Sendable (Dialect) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.deploy(model)
            try await body(Dialect(server))
        }
    }

    @Test func `a worker fetches a task, completes it, and the process goes on`() async throws {
        try await Self.run(Model.sequence("topic", "second")) { dialect in
            let instance = try await dialect.start(#"{"variables":{"x":{"value":1}}}"#)
            let id = try await dialect.take()
            let done = try await dialect.post(
                "external-task/\(id)/complete", #"{"workerId":"w","variables":{"y":{"value":"two"}}}"#)
            #expect(done.status == 204)
            #expect(done.body.isEmpty)
            let next = try #require(try await dialect.fetch("second").first)
            #expect(next.text("processInstanceId") == instance)
            #expect(next.text("variables", "x", "value") == "1")
            #expect(next.text("variables", "y", "value") == "two")
        }
    }

    @Test func `a fetched task has every member that clients look for`() async throws {
        try await Self.run { dialect in
            let instance = try await dialect.start(#"{"businessKey":"order 7","variables":{"n":{"value":1}}}"#)
            let answer = try await dialect.post(
                "external-task/fetchAndLock",
                #"{"workerId":"w","maxTasks":1,"usePriority":true,"topics":[{"topicName":"topic","lockDuration":1000}]}"#
            )
            // The JavaScript client reads JSON only of exactly this type.
            #expect(answer.contentType == "application/json")
            let task = try #require(answer.json.elements()?.first)
            let names = try #require(task.members()).map(\.name)
            for name in [
                "id", "topicName", "workerId", "lockExpirationTime", "createTime", "activityId", "activityInstanceId",
                "executionId", "processInstanceId", "processDefinitionId", "processDefinitionKey", "tenantId",
                "retries",
                "suspended", "priority", "businessKey", "errorMessage", "errorDetails", "variables",
            ] { #expect(names.contains(name), "\(name)") }
            #expect(task.text("businessKey") == "order 7")
            #expect(task.text("activityId") == "t1")
            #expect(task.text("processInstanceId") == instance)
            #expect(task.text("processDefinitionId") == "p:1")
            #expect(task.text("retries") == "null")
            #expect(task.text("tenantId") == "null")
            #expect(task.text("variables") == #"{"n":{"type":"Integer","value":1,"valueInfo":{}}}"#)
            // The Java client reads no other form of a time.
            let lock = try #require(task.text("lockExpirationTime"))
            #expect(lock.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000/) != nil, "\(lock)")
        }
    }

    @Test func `a worker gets the variables it names, and none for an empty list`() async throws {
        try await Self.run { dialect in
            let variables = #"{"variables":{"a":{"value":1},"b":{"value":2}}}"#
            for (more, expected) in [
                (#","variables":["b","z"]"#, #"["b"]"#), (#","variables":[]"#, "[]"),
                (#","variables":null"#, #"["a", "b"]"#),
            ] {
                try await dialect.start(variables)
                let task = try #require(try await dialect.fetch(more: more).first)
                #expect("\(task["variables"]?.members()?.map(\.name) ?? [])" == expected)
            }
        }
    }

    @Test func `mapped inputs are what the variables show; local ones are only these`() async throws {
        let mapped = Model.sequence(
            "topic",
            inside: """
                <extensionElements><camunda:inputOutput>
                <camunda:inputParameter name="double">${x * 2}</camunda:inputParameter>
                </camunda:inputOutput></extensionElements>
                """)
        try await Self.run(mapped) { dialect in
            try await dialect.start(#"{"variables":{"x":{"value":4}}}"#)
            let task = try #require(try await dialect.fetch(more: #","localVariables":true"#).first)
            #expect(task["variables"]?.members()?.map(\.name) == ["double"])
            #expect(task.text("variables", "double", "value") == "8")
        }
        try await Self.run { dialect in
            try await dialect.start(#"{"variables":{"x":{"value":4}}}"#)
            let task = try #require(try await dialect.fetch(more: #","localVariables":true"#).first)
            #expect(task.text("variables") == "{}")
        }
    }

    @Test func `priority decides before age`() async throws {
        let model = Model.sequence("topic").text.replacing(
            "camunda:topic", with: "camunda:taskPriority=\"${p}\" camunda:topic")
        try await Self.run(Array(model.utf8)) { dialect in
            for priority in [1, 7, 3] { try await dialect.start("{\"variables\":{\"p\":{\"value\":\(priority)}}}") }
            #expect(try await dialect.fetch().map { $0.text("priority") } == ["7", "3", "1"])
        }
    }

    @Test func `a locked task is nobody else's; an expired lock makes it due without spending a retry`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take(worker: "a", lock: 1)
            #expect(try await dialect.take(worker: "b", wait: 30_000) == id)
            #expect(try await dialect.fetch(worker: "c").isEmpty)
            let task = try await dialect.task(id)
            #expect(task.text("workerId") == "b")
            #expect(task.text("retries") == "null")
        }
    }

    @Test func `a late worker still wins while nobody else has locked its task`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take(lock: 1)
            let extended = try await dialect.post(
                "external-task/\(id)/extendLock", #"{"workerId":"w","newDuration":1}"#)
            // Whether the lock had run out by then or not: it is over in a millisecond.
            #expect([204, 400].contains(extended.status))
            #expect(try await dialect.post("external-task/\(id)/complete", #"{"workerId":"w"}"#).status == 204)
        }
    }

    @Test(arguments: [
        ("complete", #"{"workerId":"a"}"#), ("failure", #"{"workerId":"a","errorMessage":"x"}"#),
        ("bpmnError", #"{"workerId":"a","errorCode":"x"}"#), ("extendLock", #"{"workerId":"a","newDuration":1000}"#),
        ("lock", #"{"workerId":"a","lockDuration":1000}"#),
    ])
    func `another worker's task is refused with who holds it`(action: String, body: String) async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take(worker: "b")
            let answer = try await dialect.post("external-task/\(id)/\(action)", body)
            #expect(answer.status == 400)
            let message = try #require(answer.json.text("message"))
            #expect(message.contains("by worker 'a'. It is locked by worker 'b'."), "\(message)")
            #expect(answer.json.text("type") == "InvalidRequestException")
        }
    }

    @Test(arguments: ["complete", "failure", "bpmnError", "extendLock", "lock", "unlock"])
    func `an unknown task is 404 with Camunda's words`(action: String) async throws {
        try await Self.run { dialect in
            for id in ["nonsense", "00000000-0000-7000-8000-000000000000.1"] {
                let answer = try await dialect.post(
                    "external-task/\(id)/\(action)",
                    #"{"workerId":"w","errorCode":"x","newDuration":1,"lockDuration":1}"#)
                #expect(answer.status == 404)
                #expect(answer.json.text("message") == "External task with id \(id) does not exist")
            }
        }
    }

    @Test func `a second completion is 404, as the task is over`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            #expect(try await dialect.post("external-task/\(id)/complete", #"{"workerId":"w"}"#).status == 204)
            #expect(try await dialect.post("external-task/\(id)/complete", #"{"workerId":"w"}"#).status == 404)
        }
    }

    @Test func `extending counts from now, and an expired lock cannot be extended`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take(lock: 3_600_000)
            let long = try await dialect.task(id).text("lockExpirationTime") ?? ""
            #expect(
                try await dialect.post("external-task/\(id)/extendLock", #"{"workerId":"w","newDuration":1}"#).status
                    == 204)
            let short = try await dialect.task(id).text("lockExpirationTime") ?? ""
            #expect(short < long)
            // Until somebody else gets it, the lock has expired.
            let other = try await dialect.take(worker: "b", lock: 1, wait: 30_000)
            #expect(other == id)
            _ = try await dialect.take(worker: "c", wait: 30_000)
            let late = try await dialect.post("external-task/\(id)/extendLock", #"{"workerId":"b","newDuration":1000}"#)
            #expect(late.status == 400)
        }
    }

    @Test func `unlock takes an empty body, null, and no content type; the task is due at once`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            for body in ["null", "{}", "", nil] as [String?] {
                let id = try await dialect.take()
                let headers = body == nil ? [] : [("Content-Type", "application/json")]
                let answer = try await dialect.client.send(
                    "POST", "/engine-rest/external-task/\(id)/unlock", headers, body)
                #expect(answer.status == 204)
            }
            #expect(try await dialect.fetch().count == 1)
        }
    }

    @Test func `lock takes a task that is free, and extends one's own`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            #expect(try await dialect.post("external-task/\(id)/unlock", "null").status == 204)
            #expect(
                try await dialect.post("external-task/\(id)/lock", #"{"workerId":"x","lockDuration":60000}"#).status
                    == 204)
            #expect(try await dialect.task(id).text("workerId") == "x")
            #expect(
                try await dialect.post("external-task/\(id)/lock", #"{"workerId":"x","lockDuration":90000}"#).status
                    == 204)
            #expect(try await dialect.post("external-task/\(id)/complete", #"{"workerId":"x"}"#).status == 204)
        }
    }

    @Test(arguments: [
        #"{"maxTasks":1,"topics":[]}"#, #"{"workerId":"w","topics":[]}"#,
        #"{"workerId":"w","maxTasks":-1,"topics":[]}"#,
        #"{"workerId":"w","maxTasks":1,"topics":[{"lockDuration":1}]}"#,
        #"{"workerId":"w","maxTasks":1,"topics":[{"topicName":"t"}]}"#,
        #"{"workerId":"w","maxTasks":1,"topics":[{"topicName":"t","lockDuration":0}]}"#,
        #"{"workerId":"w","maxTasks":1,"asyncResponseTimeout":1800001,"topics":[]}"#, "[]", "{",
    ])
    func `a fetch that makes no sense is 400 in Camunda's shape`(body: String) async throws {
        try await Self.run { dialect in
            let answer = try await dialect.post("external-task/fetchAndLock", body)
            #expect(answer.status == 400)
            #expect(answer.contentType == "application/json")
            #expect(answer.json["message"]?.stringValue?.isEmpty == false)
            #expect(answer.json["type"]?.isString == true)
            #expect(answer.json["code"]?.isNumber == true)
        }
    }

    @Test func `what clients send as null, and topics without a name in any model, are no mistakes`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let answer = try await dialect.post(
                "external-task/fetchAndLock",
                """
                {"workerId":"w","maxTasks":5,"usePriority":null,"asyncResponseTimeout":null,"sorting":null,"topics":[
                 {"topicName":"no such topic","lockDuration":1000},
                 {"topicName":"topic","lockDuration":20000,"variables":null,"localVariables":false,"businessKey":null,
                  "processDefinitionId":null,"processDefinitionIdIn":null,"processDefinitionKey":null,
                  "processDefinitionKeyIn":null,"processDefinitionVersionTag":null,"processVariables":{},"tenantIdIn":null,
                  "withoutTenantId":false,"deserializeValues":true,"includeExtensionProperties":true,"unknown":1}]}
                """)
            #expect(answer.status == 200)
            #expect(answer.json.elements()?.count == 1)
            #expect(answer.json.elements()?.first?.text("extensionProperties") == "{}")
        }
    }
}
