import Delivery
import ProcessEngine
import ServicesTesting
import Synchronization
import Testing
import Values
import WaybillAgent

private let href = "http://waybill.example/v1/tasks/0197a000-0000-7000-8000-000000000001.1/input/frames"

private func claims(_ bytes: Int = 7) -> [ClaimCheck] { [ClaimCheck(name: "frames", href: href, bytes: bytes)] }

/// Large inputs, from a server that the test plays.
@Suite(.timeLimit(.minutes(1)))
struct ClaimedInputTests {
    @Test func `the handler gets the whole input`() async throws {
        let world = try await AgentWorld()
        let asked = Mutex<[String]>([])
        let agent = world.agent { href, token, _ in
            asked.withLock { $0.append("\(token) \(href)") }
            return ClaimAnswer(status: 200, body: Array("[1, 2]".utf8))
        }
        agent.serve("media.transcode@2", rawHandler: { input, _ in input })

        try await world.serving(agent) { world in
            try await world.publish(1, input: #"{"preset":"proxy"}"#, claims: claims())
            let result = try await world.nextResult()
            #expect(result.type == "completed")
            #expect(result.text == #"{"output":{"preset":"proxy","frames":[1, 2]}}"#)
        }
        #expect(asked.withLock { $0 } == ["token-1-1 \(href)"])
        #expect(world.unacknowledged == 0)
    }

    @Test func `an attempt whose input is gone is over: it does not run, and leaves the queue`() async throws {
        let world = try await AgentWorld()
        let agent = world.agent { _, _, _ in ClaimAnswer(status: 404, body: []) }
        agent.serve("media.transcode@2", rawHandler: { _, _ in Array(#"{"ran":true}"#.utf8) })

        try await world.serving(agent) { world in
            try await world.publish(1, claims: claims())
            let result = try await world.nextResult()
            #expect(result.type == "failed")
            #expect(result.text.contains("the attempt is over"))
        }
        #expect(world.unacknowledged == 0)
        #expect(world.ready == 0)
    }

    @Test func `fetching is work: it says started, and beats`() async throws {
        let world = try await AgentWorld()
        let isAsked = Gate()
        let gate = Gate()
        let agent = world.agent { _, _, _ in
            isAsked.open()
            await gate.wait()
            return ClaimAnswer(status: 200, body: Array("[]".utf8))
        }
        agent.serve("media.transcode@2", rawHandler: { input, _ in input })

        try await world.serving(agent) { world in
            try await world.publish(1, heartbeat: .seconds(30), claims: claims())
            await isAsked.wait()
            world.clock.advance(by: .seconds(1))
            #expect(try await world.nextResult().type == "started")
            world.clock.advance(by: .seconds(30))
            #expect(try await world.nextResult().type == "progress")
            gate.open()
            #expect(try await world.nextResult().type == "completed")
        }
    }

    @Test func `a cancel ends the fetching`() async throws {
        let world = try await AgentWorld()
        let isAsked = Gate()
        let never = Gate()
        let agent = world.agent { _, _, _ in
            isAsked.open()
            await never.wait()
            throw CancellationError()
        }
        agent.serve("media.transcode@2", rawHandler: { input, _ in input })

        try await world.serving(agent) { world in
            let task = try await world.publish(1, claims: claims())
            await isAsked.wait()
            await world.cancel(task)
            #expect(try await world.nextResult().text == #"{"message":"canceled"}"#)
        }
        #expect(world.unacknowledged == 0)
    }
}

/// The fetching alone.
@Suite(.timeLimit(.minutes(1)))
struct InputFetcherTests {
    private struct Refused: Error, CustomStringConvertible {
        let description = "connection refused"
    }

    private func task(_ claims: [ClaimCheck]) throws -> TaskMessage {
        var task = TaskMessage(
            id: AttemptID(
                task: TaskID(instance: InstanceID("0197a000-0000-7000-8000-000000000001"), number: 1), attempt: 1,
                token: "token"),
            contract: transcode, version: "2.1", replyTo: "results.0", input: try JSON(validating: #"{"a":1}"#))
        task.claims = claims
        return task
    }

    @Test func `a lost connection and a server's error are tried again, and told`() async throws {
        let clock = TestClock()
        let tries = Mutex(0)
        let troubles = Mutex<[String]>([])
        let fetcher = InputFetcher(time: clock) { _, _, _ in
            let number = tries.withLock { tries in
                tries += 1
                return tries
            }
            if number == 1 { throw Refused() }
            return number == 2
                ? ClaimAnswer(status: 503, body: []) : ClaimAnswer(status: 200, body: Array(#""x""#.utf8))
        }
        let task = try task(claims(3))

        async let input = fetcher.wholeInput(of: task) { trouble in troubles.withLock { $0.append(trouble) } }
        for pause in [200, 400] {
            await clock.waitForSleepers(1)
            clock.advance(by: .milliseconds(pause))
        }

        #expect(try await String(decoding: input, as: UTF8.self) == #"{"a":1,"frames":"x"}"#)
        #expect(
            troubles.withLock { $0 } == [
                "the input frames cannot be fetched, trying again: no answer from \(href): connection refused",
                "the input frames cannot be fetched, trying again: \(href) answered 503",
            ])
    }

    static let refusals: [(answer: ClaimAnswer?, text: String)] = [
        (nil, "no answer from \(href): connection refused"),
        (ClaimAnswer(status: 500, body: []), "\(href) answered 500"),
        (ClaimAnswer(status: 404, body: []), "the attempt is over"),
        (ClaimAnswer(status: 401, body: []), "\(href) answered 401"),
        (ClaimAnswer(status: 302, body: []), "\(href) answered 302"),
        (ClaimAnswer(status: 200, body: Array("<html>".utf8)), "is not JSON"),
        (ClaimAnswer(status: 200, body: [UInt8](repeating: 49, count: 95)), "more than 100 bytes"),
    ]

    @Test(arguments: refusals.indices)
    func `what does not become an input fails the attempt, and says why`(index: Int) async throws {
        let (answer, text) = Self.refusals[index]
        let fetcher = InputFetcher(time: TestClock(), patience: .zero, limit: 100) { _, _, _ in
            guard let answer else { throw Refused() }
            return answer
        }
        let task = try task(claims())

        let error = try await #require(throws: TaskError.self) { try await fetcher.wholeInput(of: task) { _ in } }

        #expect(error.description.contains(text), "\(error)")
    }

    @Test func `what is announced as too large is not asked for`() async throws {
        let fetcher = InputFetcher(time: TestClock(), limit: 100) { href, _, _ in
            Issue.record("asked for \(href)")
            return ClaimAnswer(status: 404, body: [])
        }
        let task = try task(claims(94))

        let error = try await #require(throws: TaskError.self) { try await fetcher.wholeInput(of: task) { _ in } }

        #expect(error.description.contains("more than 100 bytes"))
    }

    @Test func `several claims share the limit`() async throws {
        let fetcher = InputFetcher(time: TestClock(), limit: 100) { _, _, limit in
            let body = [UInt8](repeating: UInt8(ascii: "1"), count: 60)
            if body.count > limit { throw ClaimTooLarge() }
            return ClaimAnswer(status: 200, body: body)
        }
        let task = try task(["b", "c"].map { ClaimCheck(name: $0, href: href, bytes: 60) })

        let error = try await #require(throws: TaskError.self) { try await fetcher.wholeInput(of: task) { _ in } }

        #expect(error.description.contains("more than 100 bytes"))
    }
}
