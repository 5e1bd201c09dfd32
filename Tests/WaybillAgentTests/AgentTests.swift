import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values
import WaybillAgent

private struct Input: Decodable, Sendable {
    var count: Int
}

private struct Output: Encodable, Sendable {
    var doubled: Int
}

@Suite(.timeLimit(.minutes(1)))
struct AgentTests {
    @Test func `a typed handler takes and gives what the contract says, and the task is acknowledged`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        agent.serve("media.transcode@2", input: Input.self) { input, task in
            #expect(task.contract == "media.transcode@2.1")
            #expect(task.attempt == 1)
            #expect(task.workflow == "ingest:3")
            return Output(doubled: input.count * 2)
        }

        try await world.serving(agent) { world in
            let task = try await world.publish(1, input: #"{"count": 21}"#)
            let result = try await world.nextResult()
            #expect(result.type == "completed")
            #expect(result.text == #"{"output":{"doubled":42}}"#)
            #expect(result.header("waybill-token") == .string(task.id.token))
        }

        #expect(world.ready == 0)
        #expect(world.unacknowledged == 0)
    }

    static let endings: [(String, String, @Sendable (AgentTask) async throws -> [UInt8])] = [
        (
            "error", #"{"code":"UNSUPPORTED","message":"no"}"#,
            { _ in throw TaskError.bpmn(code: "UNSUPPORTED", message: "no") }
        ),
        (
            "failed", #"{"message":"busy","details":"log","retryAfterMs":5000}"#,
            { _ in throw TaskError.failure("busy", details: "log", retryAfter: .seconds(5)) }
        ),
        ("failed", #"{"message":"never","retry":false}"#, { _ in throw TaskError.failure("never", retry: false) }),
        ("failed", #"{"message":"surprise"}"#, { _ in throw Surprise() }),
        ("failed", #"{"message":"the output is not a JSON object","retry":false}"#, { _ in Array("[1]".utf8) }),
        ("completed", #"{"output":{"a":1}}"#, { _ in Array(#"{"a":1}"#.utf8) }),
    ]

    private struct Surprise: Error, CustomStringConvertible {
        let description = "surprise"
    }

    @Test(arguments: endings.indices)
    func `however a handler ends, its message says so`(index: Int) async throws {
        let (type, body, handler) = Self.endings[index]
        let world = try await AgentWorld()
        let agent = world.agent()
        agent.serve("media.transcode@2", rawHandler: { _, task in try await handler(task) })

        try await world.serving(agent) { world in
            try await world.publish(1)
            let result = try await world.nextResult()
            #expect(result.type == type)
            #expect(result.text == body)
        }
        #expect(world.unacknowledged == 0)
    }

    @Test func `input that does not decode fails without a retry, and says where`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        agent.serve("media.transcode@2", input: Input.self) { _, _ in }

        try await world.serving(agent) { world in
            try await world.publish(1, input: #"{"count": "many"}"#)
            let result = try await world.nextResult()
            #expect(result.type == "failed")
            #expect(result.text.contains("count: it is not of type Int"))
            #expect(result.text.contains(#""retry":false"#))
        }
    }

    @Test func `work of a second says started, then its progress, then beats`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        let gate = Gate()
        let isReported = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, task in
            try await task.progress(0.5, "half")
            isReported.open()
            await gate.wait()
        }

        try await world.serving(agent) { world in
            try await world.publish(1, heartbeat: .seconds(30))
            await isReported.wait()
            world.clock.advance(by: .seconds(1))
            #expect(try await world.nextResult().type == "started")
            world.clock.advance(by: .milliseconds(500))
            #expect(try await world.nextResult().text == #"{"progress":0.500000,"message":"half"}"#)
            world.clock.advance(by: .seconds(30))
            #expect(try await world.nextResult().text == "{}")
            gate.open()
        }
    }

    @Test func `an event is on the bus when the call returns, and before the result`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, task in
            try await task.event("warning", ["frame": 12])
        }

        try await world.serving(agent) { world in
            try await world.publish(1)
            let event = try await world.nextResult()
            #expect(event.type == "event")
            #expect(event.text == #"{"name":"warning","payload":{"frame":12}}"#)
            #expect(try await world.nextResult().type == "completed")
        }
    }

    @Test func `a cancel message cancels the handler's task`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        let isRunning = Gate()
        let never = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, _ in
            isRunning.open()
            await never.wait()
            try Task.checkCancellation()
        }

        try await world.serving(agent) { world in
            let task = try await world.publish(1)
            await isRunning.wait()
            await world.cancel(task)
            let result = try await world.nextResult()
            #expect(result.type == "failed")
            #expect(result.text == #"{"message":"canceled"}"#)
        }
        #expect(world.unacknowledged == 0)
    }

    @Test func `a drain finishes what runs and leaves the rest in the queue`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent(prefetch: 1)
        let isRunning = Gate()
        let gate = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, _ in
            isRunning.open()
            await gate.wait()
        }

        try await world.serving(agent) { world in
            try await world.publish(1)
            try await world.publish(2)
            await isRunning.wait()
            agent.drain()
            gate.open()
            #expect(try await world.nextResult().header("waybill-token") == .string("token-1-1"))
        }
        #expect(world.ready == 1)
        #expect(world.unacknowledged == 0)
    }

    @Test func `a cancelled agent leaves its tasks to others`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        let isRunning = Gate()
        let never = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, _ in
            isRunning.open()
            await never.wait()
            try Task.checkCancellation()
        }

        try await world.serving(agent, cancels: true) { world in
            try await world.publish(1)
            await isRunning.wait()
        }
        #expect(world.ready == 1)
        #expect(world.dead == 0)
    }

    @Test func `a task that is redelivered while it runs is not run again`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        let runs = Mutex(0)
        let isRunning = Gate()
        let gate = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, _ in
            runs.withLock { $0 += 1 }
            isRunning.open()
            await gate.wait()
        }

        try await world.serving(agent) { world in
            try await world.publish(1)
            await isRunning.wait()
            world.agentBus.disconnect()
            world.agentBus.reconnect()
            gate.open()
            #expect(try await world.nextResult().type == "completed")
        }
        #expect(runs.withLock { $0 } == 1)
        #expect(world.ready == 0)
        #expect(world.unacknowledged == 0)
    }

    @Test func `a result whose confirm is lost is published again, and then acknowledged`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent()
        let gate = Gate()
        let isRunning = Gate()
        agent.serve("media.transcode@2", input: [String: Int].self) { _, _ in
            isRunning.open()
            await gate.wait()
        }

        try await world.serving(agent) { world in
            try await world.publish(1)
            await isRunning.wait()
            world.agentBus.loseConfirms(of: 1)
            gate.open()
            #expect(try await world.nextResult().type == "completed")
            async let again = world.nextResult()
            await world.clock.waitForSleepers(2)
            world.clock.advance(by: .milliseconds(200))
            #expect(try await again.type == "completed")
        }
        #expect(world.unacknowledged == 0)
        #expect(world.ready == 0)
    }

    @Test(arguments: ["media.transcode", "@2", "media.transcode@two", ""])
    func `a contract that cannot be read is an error at the start`(contract: String) async throws {
        let agent = try await AgentWorld().agent()
        agent.serve(contract, input: Input.self) { _, _ in }

        await #expect(throws: AgentError.self) { try await agent.run() }
    }

    @Test func `an address that cannot be read is an error at the start`() async throws {
        let agent = Agent(name: "a", bus: .rabbitMQ(url: "http://localhost"))
        agent.serve("media.transcode@2", input: Input.self) { _, _ in }

        await #expect(throws: AgentError.self) { try await agent.run() }
    }
}
