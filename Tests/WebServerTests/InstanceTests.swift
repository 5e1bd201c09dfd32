import ProcessEngine
import Services
import Testing
import Values
import WebServerTesting

@Suite struct InstanceTests {
    private static func run(_ body: @escaping @Sendable (Dialect) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"))
            try await server.deploy(Model.sequence("other"))
            try await body(Dialect(server))
        }
    }

    @Test func `a start answers all that clients look for`() async throws {
        try await Self.run { dialect in
            let answer = try await dialect.post(
                "process-definition/key/p/start",
                #"{"businessKey":"k","variables":{"x":{"value":1,"type":"Long"}},"withVariablesInReturn":true}"#)
            #expect(answer.status == 200)
            let id = try #require(answer.json.text("id"))
            #expect(answer.json.text("definitionId") == "p:2")
            #expect(answer.json.text("definitionKey") == "p")
            #expect(answer.json.text("businessKey") == "k")
            #expect(answer.json.text("ended") == "false")
            #expect(answer.json.text("suspended") == "false")
            for member in ["caseInstanceId", "tenantId"] { #expect(answer.json.text(member) == "null") }
            #expect(answer.json["links"]?.elements()?.first?.text("href")?.hasSuffix("/process-instance/\(id)") == true)
            #expect(answer.json.text("variables") == #"{"x":{"type":"Integer","value":1,"valueInfo":{}}}"#)
        }
    }

    @Test func `a start by id starts that version, by key the newest, and a tenant is accepted`() async throws {
        try await Self.run { dialect in
            for (path, expected) in [
                ("p%3A1", "p:1"), ("p:2", "p:2"), ("key/p", "p:2"), ("key/p/tenant-id/t", "p:2"),
            ] {
                let answer = try await dialect.post("process-definition/\(path)/start")
                #expect(answer.json.text("definitionId") == expected)
            }
        }
    }

    @Test func `an unknown process is 404`() async throws {
        try await Self.run { dialect in
            for path in ["key/q", "q:1", "p:3", "key/q/tenant-id/t"] {
                let answer = try await dialect.post("process-definition/\(path)/start")
                #expect(answer.status == 404, "\(path)")
                #expect(answer.json["message"]?.isString == true)
            }
        }
    }

    @Test(arguments: [
        ("", ["p:1", "p:2"]), ("?latestVersion=true", ["p:2"]), ("?key=p&version=1", ["p:1"]), ("?key=q", []),
        ("?sortBy=version&sortOrder=desc", ["p:2", "p:1"]),
        ("?sortBy=version&sortOrder=desc&firstResult=1&maxResults=1", ["p:1"]),
        ("?versionTagLike=%25&tenantIdIn=a", ["p:1", "p:2"]), ("?keyLike=%25p", ["p:1", "p:2"]),
        ("?nameLike=A%25", ["p:1", "p:2"]),
        ("?name=B", []), ("?unknown=1", ["p:1", "p:2"]),
    ])
    func `definitions are listed by what clients ask`(query: String, expected: [String]) async throws {
        try await Self.run { dialect in
            let answer = try await dialect.get("process-definition" + query)
            #expect(answer.json.elements()?.compactMap { $0.text("id") } == expected)
        }
    }

    @Test func `instances are listed as soon as they are started, and no longer when they ended`() async throws {
        try await Self.run { dialect in
            let one = try await dialect.start(#"{"businessKey":"one","variables":{"n":{"value":1},"s":{"value":"a"}}}"#)
            let two = try await dialect.start(#"{"businessKey":"two","variables":{"n":{"value":5},"s":{"value":"b"}}}"#)
            for (query, expected) in [
                ("", [one, two]), ("?processDefinitionKey=p", [one, two]), ("?processDefinitionKey=q", []),
                ("?businessKey=two", [two]), ("?variables=n_gt_2", [two]), ("?variables=n_eq_1,s_eq_a", [one]),
                ("?variables=s_like_%25b%25", [two]), ("?variables=s_neq_a&tenantIdIn=t", [two]),
                ("?withIncident=true", []),
                ("?processInstanceIds=\(one),x", [one]), ("?processDefinitionId=p:1", []), ("?maxResults=0", []),
            ] {
                let answer = try await dialect.get("process-instance" + query)
                #expect(answer.json.elements()?.compactMap { $0.text("id") }.sorted() == expected.sorted(), "\(query)")
            }
            #expect(try await dialect.post("process-instance", #"{"businessKey":"one"}"#).json.elements()?.count == 1)
            #expect(try await dialect.get("process-instance?variables=nonsense").status == 400)
            #expect(try await dialect.delete("process-instance/\(one)").status == 204)
            #expect(try await dialect.get("process-instance/count").json.text("count") == "1")
            #expect(try await dialect.get("process-instance/\(one)").status == 404)
            #expect(try await dialect.delete("process-instance/\(one)").status == 404)
            #expect(try await dialect.get("process-instance/\(two)").json.text("businessKey") == "two")
        }
    }

    @Test func `variables are read and written one by one and together`() async throws {
        try await Self.run { dialect in
            let id = try await dialect.start(#"{"variables":{"a":{"value":"text"}}}"#)
            #expect(
                try await dialect.put("process-instance/\(id)/variables/b", #"{"value":2.5,"type":"Double"}"#).status
                    == 204)
            let set = try await dialect.post(
                "process-instance/\(id)/variables",
                #"{"workerId":"w","modifications":{"c":{"value":"[1]","type":"Json"}},"deletions":[]}"#)
            #expect(set.status == 204)
            let all = try await dialect.get("process-instance/\(id)/variables").json
            #expect(
                all.members()?.map { "\($0.name) \($0.value.text("type") ?? "")" } == [
                    "a String", "b Double", "c Json",
                ])
            #expect(try await dialect.get("process-instance/\(id)/variables/c").json.text("value") == "[1]")
            #expect(try await dialect.get("process-instance/\(id)/variables/a/data").text == "text")
            #expect(try await dialect.get("process-instance/\(id)/variables/none").status == 404)
            let deletion = try await dialect.post("process-instance/\(id)/variables", #"{"deletions":["a"]}"#)
            #expect(deletion.status == 400)
        }
    }

    @Test func `a message that nobody waits for is a mismatch, as in Camunda`() async throws {
        try await Self.run { dialect in
            let answer = try await dialect.post(
                "message", #"{"messageName":"paid","businessKey":"k","resultEnabled":true}"#)
            #expect(answer.status == 400)
            #expect(answer.json.text("message")?.contains("Cannot correlate message 'paid'") == true)
            #expect(try await dialect.post("message", "{}").status == 400)
        }
    }

    @Test func `a message that somebody waits for says who`() async throws {
        let waiting = CorrelationResult(
            instance: InstanceID("i"), definition: DefinitionID(process: "p", version: 1), businessKey: "k",
            started: false)
        try await TestServer.run(messages: Waiting(results: [waiting])) { server in
            let dialect = Dialect(server)
            #expect(try await dialect.post("message", #"{"messageName":"paid"}"#).status == 204)
            let answer = try await dialect.post(
                "message",
                #"{"messageName":"paid","resultEnabled":true,"correlationKeys":{"n":{"value":1}},"processVariables":{"v":{"value":2}}}"#
            )
            #expect(answer.status == 200)
            let result = try #require(answer.json.elements()?.first)
            #expect(result.text("resultType") == "Execution")
            #expect(result.text("execution", "processInstanceId") == "i")
            #expect(result.text("processInstance", "definitionId") == "p:1")
        }
    }

    private struct Waiting: MessageCorrelation {
        var results: [CorrelationResult]
        func correlate(_ message: CorrelatedMessage) async throws -> [CorrelationResult] { results }
    }

    @Test func `open tasks are listed and counted by what clients ask`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"))
            let dialect = Dialect(server)
            let one = try await dialect.start(#"{"businessKey":"one"}"#)
            try await dialect.start()
            try await dialect.start()
            let id = try #require(try await dialect.fetch(max: 1).first?.text("id"))
            for (query, expected) in [
                ("", 3), ("?locked=true", 1), ("?notLocked=true", 2), ("?workerId=w", 1), ("?workerId=x", 0),
                ("?topicName=topic", 3), ("?topicName=none", 0), ("?topicName=no%20topic", 0),
                ("?externalTaskId=\(id)", 1),
                ("?processInstanceId=\(one)", 1), ("?activityId=t1", 3), ("?activityIdIn=a,b", 0),
                ("?withRetriesLeft=true", 3),
                ("?noRetriesLeft=true", 0), ("?processDefinitionId=p:1", 3), ("?businessKey=one", 1),
                ("?suspended=true", 0),
            ] {
                let count = try await dialect.get("external-task/count" + query).json.text("count")
                #expect(count == "\(expected)", "\(query)")
                let list = try await dialect.get("external-task" + query).json.elements()
                #expect(list?.count == expected, "\(query)")
            }
            #expect(try await dialect.get("external-task?maxResults=2").json.elements()?.count == 2)
            #expect(try await dialect.get("external-task/topic-names").text == #"["topic"]"#)
            #expect(try await dialect.post("external-task", #"{"workerId":"w"}"#).json.elements()?.count == 1)
        }
    }
}
