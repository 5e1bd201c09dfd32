import Services
import Testing
import Values
import WebServerTesting

@Suite struct LongPollTests {
    @Test func `a poll that waits is answered by a task that comes later`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"))
            let dialect = Dialect(server)
            async let waiting = dialect.fetch(wait: 60_000)
            // Whether the poll has arrived yet or not, it gets the task.
            let instance = try await dialect.start()
            #expect(try await waiting.map { $0.text("processInstanceId") } == [instance])
        }
    }

    @Test func `each topic is locked for its own time`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("short"), process: "p")
            try await server.deploy(Model.sequence("long", process: "q"), process: "q")
            let dialect = Dialect(server)
            try await dialect.start()
            try await dialect.start(key: "q")
            let answer = try await dialect.post(
                "external-task/fetchAndLock",
                """
                {"workerId":"w","maxTasks":10,"topics":[{"topicName":"short","lockDuration":60000},
                 {"topicName":"long","lockDuration":3600000}]}
                """)
            let tasks = try #require(answer.json.elements())
            let until = { (topic: String) in
                tasks.first { $0.text("topicName") == topic }?.text("lockExpirationTime") ?? ""
            }
            #expect(tasks.count == 2)
            #expect(!until("short").isEmpty)
            #expect(until("short") < until("long"))
        }
    }

    @Test func `no topics and nothing due are an empty list, not an error`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            for body in [
                #"{"workerId":"w","maxTasks":1,"topics":[]}"#, #"{"workerId":"w","maxTasks":1,"topics":null}"#,
                #"{"workerId":"w","maxTasks":1,"asyncResponseTimeout":1,"topics":[]}"#,
                #"{"workerId":"w","maxTasks":0,"topics":[{"topicName":"t","lockDuration":1}]}"#,
            ] {
                let answer = try await dialect.post("external-task/fetchAndLock", body)
                #expect(answer.status == 200)
                #expect(answer.text == "[]")
            }
        }
    }

    @Test func `what was locked for a client that has gone is due again when its lock runs out`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"))
            let dialect = Dialect(server)
            let gone = Task { try await dialect.fetch(worker: "gone", lock: 1, wait: 60_000) }
            gone.cancel()
            _ = try? await gone.value
            try await dialect.start()
            // Whether the poll had arrived, and took it, or not.
            let tasks = try await dialect.fetch(worker: "here", wait: 60_000)
            #expect(tasks.count == 1)
        }
    }

    @Test(arguments: [
        (#","businessKey":"two""#, ["two"]), (#","processDefinitionKey":"p""#, ["one", "two"]),
        (#","processDefinitionKeyIn":["q"]"#, []), (#","processDefinitionId":"p:1""#, ["one", "two"]),
        (#","processVariables":{"n":1}"#, ["one"]), (#","processVariables":{"n":{"value":2}}"#, ["two"]),
        (#","processDefinitionVersionTag":"v1""#, []),
        (#","tenantIdIn":["t"],"withoutTenantId":false"#, ["one", "two"]),
    ])
    func `a topic may ask for the tasks of some instances`(filter: String, expected: [String]) async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"))
            let dialect = Dialect(server)
            try await dialect.start(#"{"businessKey":"one","variables":{"n":{"value":1}}}"#)
            try await dialect.start(#"{"businessKey":"two","variables":{"n":{"value":2}}}"#)
            // The choice is made by the index, which is some milliseconds behind the starts.
            #expect(try await dialect.get("external-task/count").json.text("count") == "2")
            let tasks = try await dialect.fetch(more: filter)
            #expect(tasks.compactMap { $0.text("businessKey") }.sorted() == expected)
        }
    }
}
