import Services
import Testing
import Values
import WebServerTesting

/// Failures, BPMN errors and incidents: `start -> t1 (topic) -> end`.
@Suite struct FailureTests {
    private static func run(
        _ model: [UInt8] = Model.sequence("topic"), _ body: @escaping @Sendable (Dialect) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.deploy(model)
            try await body(Dialect(server))
        }
    }

    @Test func `a worker counts the retries: what it says is what the next one sees`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            var id = try await dialect.take()
            let failed = try await dialect.post(
                "external-task/\(id)/failure",
                #"{"workerId":"w","errorMessage":"no disk","errorDetails":"a long story","retries":5,"retryTimeout":0}"#
            )
            #expect(failed.status == 204)
            let task = try #require(try await dialect.fetch().first)
            #expect(task.text("retries") == "5")
            #expect(task.text("errorMessage") == "no disk")
            #expect(task.text("errorDetails") == "a long story")
            id = try #require(task.text("id"))
            #expect(try await dialect.get("external-task/\(id)/errorDetails").text == "a long story")
        }
    }

    @Test func `a retry timeout is a lock of nobody`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            _ = try await dialect.post(
                "external-task/\(id)/failure",
                #"{"workerId":"w","errorMessage":"x","retries":2,"retryTimeout":3600000}"#)
            #expect(try await dialect.fetch().isEmpty)
            #expect(try await dialect.get("external-task/count?locked=true").json.text("count") == "1")
            #expect(try await dialect.task(id).text("lockExpirationTime") != "null")
        }
    }

    @Test func `no retries left is an incident; new retries end it`() async throws {
        try await Self.run { dialect in
            let instance = try await dialect.start()
            let id = try await dialect.take()
            _ = try await dialect.post(
                "external-task/\(id)/failure",
                #"{"workerId":"w","errorMessage":"no disk","retries":0,"retryTimeout":0}"#)
            #expect(try await dialect.fetch().isEmpty)
            let incident = try #require(try await dialect.get("incident").json.elements()?.first)
            #expect(incident.text("incidentType") == "failedExternalTask")
            #expect(incident.text("incidentMessage") == "no disk")
            #expect(incident.text("configuration") == id)
            #expect(incident.text("processInstanceId") == instance)
            #expect(incident.text("activityId") == "t1")
            #expect(incident.text("incidentTimestamp")?.hasSuffix("+0000") == true)
            let number = try #require(incident.text("id"))
            #expect(try await dialect.get("incident/\(number)").json == incident)
            #expect(try await dialect.get("external-task?noRetriesLeft=true").json.elements()?.count == 1)
            #expect(try await dialect.put("external-task/\(id)/retries", #"{"retries":2}"#).status == 204)
            #expect(try await dialect.get("incident/count").json.text("count") == "0")
            #expect(try await dialect.take() == id)
        }
    }

    @Test func `without retries the engine's policy decides`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            #expect(
                try await dialect.post("external-task/\(id)/failure", #"{"workerId":"w","errorMessage":"x"}"#).status
                    == 204)
            // Three attempts, and ten seconds until the next.
            #expect(try await dialect.task(id).text("retries") == "2")
            #expect(try await dialect.fetch().isEmpty)
        }
    }

    @Test func `variables of a failure are set`() async throws {
        try await Self.run { dialect in
            let instance = try await dialect.start()
            let id = try await dialect.take()
            _ = try await dialect.post(
                "external-task/\(id)/failure",
                #"{"workerId":"w","errorMessage":"x","retries":1,"variables":{"seen":{"value":true}}}"#)
            #expect(try await dialect.get("process-instance/\(instance)/variables/seen").json.text("type") == "Boolean")
        }
    }

    @Test(arguments: [#""retries":-1"#, #""retryTimeout":-1"#, #""retries":"two""#])
    func `a failure that counts below zero changes nothing`(member: String) async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            let answer = try await dialect.post("external-task/\(id)/failure", "{\"workerId\":\"w\",\(member)}")
            #expect(answer.status == 400)
            #expect(try await dialect.task(id).text("workerId") == "w")
        }
    }

    @Test func `incidents of what is suspended are listed too`() async throws {
        try await Self.run { dialect in
            let instance = try await dialect.start()
            try await dialect.start()
            for _ in 0..<2 {
                let id = try await dialect.fetch(max: 1).first?.text("id") ?? ""
                let failure = #"{"workerId":"w","errorMessage":"no disk","retries":0,"retryTimeout":0}"#
                #expect(try await dialect.post("external-task/\(id)/failure", failure).status == 204)
            }
            let suspended = try await dialect.put("process-instance/\(instance)/suspended", #"{"suspended":true}"#)
            #expect(suspended.status == 204)
            let found = try await dialect.get("incident?processInstanceId=\(instance)").json.elements()
            #expect(found?.map { $0.text("incidentMessage") } == ["no disk"])
            #expect(try await dialect.get("incident/count").json.text("count") == "2")
        }
    }

    @Test func `a failure's variables are set for whoever holds the task, and for nobody else`() async throws {
        try await Self.run { dialect in
            let instance = try await dialect.start()
            let id = try await dialect.take()
            func fail(_ worker: String) async throws -> Int {
                let members = #""errorMessage":"x","retries":1,"variables":{"by":{"value":"\#(worker)"}}"#
                return try await dialect.post(
                    "external-task/\(id)/failure", "{\"workerId\":\"\(worker)\",\(members)}"
                ).status
            }
            #expect(try await fail("v") == 400)
            #expect(try await dialect.get("process-instance/\(instance)/variables/by").status == 404)
            #expect(try await fail("w") == 204)
            let set = try await dialect.get("process-instance/\(instance)/variables/by").json
            #expect(set.text("value") == "w")
        }
    }

    @Test func `a BPMN error is caught by its boundary event, with its variables`() async throws {
        try await Self.run(Model.catching) { dialect in
            let instance = try await dialect.start()
            let id = try await dialect.take()
            let answer = try await dialect.post(
                "external-task/\(id)/bpmnError",
                #"{"workerId":"w","errorCode":"GONE","errorMessage":"m","variables":{"why":{"value":"moved"}}}"#)
            #expect(answer.status == 204)
            // It went on and ended.
            #expect(try await dialect.get("process-instance/\(instance)").status == 404)
        }
    }

    @Test func `a BPMN error without a code is refused`() async throws {
        try await Self.run { dialect in
            try await dialect.start()
            let id = try await dialect.take()
            #expect(try await dialect.post("external-task/\(id)/bpmnError", #"{"workerId":"w"}"#).status == 400)
            #expect(try await dialect.task(id).text("workerId") == "w")
        }
    }
}
