import Delivery
import Foundation
import Logging
import Services
import Testing
import WaybillAgent
import waybill

/// Programs as agents, with `/bin/sh` as the program.
@Suite(.timeLimit(.minutes(1)))
struct ExecRunnerTests {
    static let scripts: [(script: String, type: String, body: String)] = [
        ("cat", "completed", #"{"output":{"a":1}}"#),
        ("true", "completed", #"{"output":{}}"#),
        (
            "printf '{\"task\":\"%s\"}' \"$WAYBILL_ATTEMPT $WAYBILL_CONTRACT\"", "completed",
            #"{"output":{"task":"1 media.transcode@2.1"}}"#
        ),
        ("echo nonsense", "failed", #"{"message":"the output is not JSON: 1:1: "#),
        (
            "echo 'waybill:error NOT_MEDIA it is a text' >&2; exit 10", "error",
            #"{"code":"NOT_MEDIA","message":"it is a text"}"#
        ),
        ("echo 'waybill:error NOT_MEDIA' >&2; exit 3", "error", #"{"code":"NOT_MEDIA"}"#),
        (
            "exit 10", "failed",
            #"{"message":"exit status 10 without a line waybill:error CODE on stderr","retry":false}"#
        ),
        (
            "echo odd >&2; exit 65", "failed",
            #"{"message":"the program does not take the input: odd","details":"odd","retry":false}"#
        ),
        (
            "exit 64", "failed",
            #"{"message":"the program does not take the input: the program said nothing","retry":false}"#
        ),
        ("echo 'disk full' >&2; exit 75", "failed", #"{"message":"not now: disk full","details":"disk full"}"#),
        ("echo a >&2; echo b >&2; exit 1", "failed", #"{"message":"exit status 1: b","details":"a\nb"}"#),
        ("kill -9 $$", "failed", #"{"message":"the program was ended by signal 9"}"#),
    ]

    @Test(arguments: scripts.indices)
    func `a program's end means what people expect`(index: Int) async throws {
        let (script, type, body) = Self.scripts[index]
        let world = try await AgentWorld()
        let agent = try agent(in: world, script)

        try await world.serving(agent) { world in
            try await world.publish(1, input: #"{"a":1}"#)
            let result = try await world.nextResult()
            #expect(result.type == type)
            #expect(result.text.hasPrefix(body))
        }
        #expect(world.unacknowledged == 0)
    }

    @Test func `a program that does not read a large input still ends well`() async throws {
        let world = try await AgentWorld()
        let agent = try agent(in: world, "exec <&-; echo '{}'")

        try await world.serving(agent) { world in
            try await world.publish(1, input: "{\"a\":\"\(String(repeating: "x", count: 1 << 20))\"}")
            #expect(try await world.nextResult().type == "completed")
        }
    }

    @Test func `a program can raise events`() async throws {
        let world = try await AgentWorld()
        let agent = try agent(in: world, "echo 'waybill:event warning {\"frame\": 7}' >&2")

        try await world.serving(agent) { world in
            try await world.publish(1)
            #expect(try await world.nextResult().text == #"{"name":"warning","payload":{"frame": 7}}"#)
            #expect(try await world.nextResult().type == "completed")
        }
    }

    @Test func `a cancelled program gets SIGTERM, with all that it started`() async throws {
        let world = try await AgentWorld()
        let agent = try agent(in: world, "echo 'waybill:event running' >&2; sleep 600 & wait")

        try await world.serving(agent) { world in
            let task = try await world.publish(1)
            #expect(try await world.nextResult().type == "event")
            await world.cancel(task)
            #expect(try await world.nextResult().text == #"{"message":"canceled"}"#)
        }
    }

    @Test func `a program that is not there is refused before any task is taken`() throws {
        for program in ["/no/such/program", "no-such-program-anywhere", "/etc/passwd", "/usr/bin"] {
            #expect(throws: CommandError.self) { try ExecRunner(command: [program], logger: Self.silent) }
        }
    }

    @Test func `a program that vanishes spends no attempt: the agent is told, and the task is left to others`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "exec-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appending(path: "work").path
        try FileManager.default.copyItem(atPath: "/bin/cat", toPath: program)
        let world = try await AgentWorld()
        let agent = world.agent()
        let runner = try ExecRunner(command: [program], logger: Self.silent)
        agent.serve("media.transcode@2", rawHandler: { input, task in try await runner.run(input, task) })
        try FileManager.default.removeItem(atPath: program)

        try await world.serving(agent, cancels: true) { world in
            try await world.publish(1)
            #expect(await runner.missing.wait())
            #expect(world.unacknowledged == 1, "nothing is said about the task: the bus gives it to another agent")
        }
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func agent(in world: AgentWorld, _ script: String) throws -> Agent {
        let agent = world.agent()
        let runner = try ExecRunner(command: ["/bin/sh", "-c", script], logger: Self.silent)
        agent.serve("media.transcode@2", rawHandler: { input, task in try await runner.run(input, task) })
        return agent
    }
}
