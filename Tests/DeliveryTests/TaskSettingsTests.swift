import Delivery
import ProcessEngine
import Testing
import Values

/// Settings of the installation that go out with tasks.
@Suite struct TaskSettingsTests {
    private static func machine(_ names: [String], claimBytes: Int? = nil) -> DeliveryMachine {
        var configuration = DeliveryMachine.Configuration()
        if let claimBytes {
            configuration.claimBase = "http://host"
            configuration.limits.claimBytes = claimBytes
        }
        var machine = DeliveryMachine(configuration: configuration)
        machine.busStateChanged(.connected)
        _ = machine.contractsChanged([transcode: TaskPolicy(version: "2.1", settings: names)])
        machine.declared([transcode])
        return machine
    }

    private static func message(_ actions: [DeliveryMachine.Action]) throws -> TaskMessage {
        for case .publish(let batch, after: _, timeout: _) in actions {
            return try TaskMessage(decoding: #require(batch.first).message)
        }
        throw EnvelopeError(.wrongShape, "nothing was published")
    }

    @Test func `a task gets the settings its contract names, and no others`() throws {
        var machine = Self.machine(["host", "password"])
        let settings: DeliverySettings = ["host": .string("nas"), "password": .string("hunter2"), "other": .number(1)]
        let actions = machine.tasksFetched([leasedTask(1)], settings: settings, at: .start)
        let message = try Self.message(actions)
        #expect(message.settings == .object([("host", .string("nas")), ("password", .string("hunter2"))]))
        #expect(message.input == leasedTask(1).input)
    }

    @Test func `secrets are taken out of what agents say, and left in what they give`() {
        var settings: DeliverySettings = [
            "host": .string("nas7"), "pin": .string("123"), "word": .string("hunter2"),
            "words": .string("hunter2, or not"),
        ]
        settings.secrets = ["pin", "word", "words", "gone"]
        let secrets = settings.secretTexts
        #expect(secrets.map(\.name) == ["words", "word"])
        func said(_ content: TaskReport.Content) -> TaskReport.Content {
            TaskReport(task: leasedTask(1).id, attempt: 1, token: "t", content: content).masking(secrets).content
        }
        #expect(
            said(.failed(TaskFailure(message: "nas7 refused hunter2, or not", details: "hunter2 123")))
                == .failed(TaskFailure(message: "nas7 refused [setting words]", details: "[setting word] 123")))
        #expect(
            said(.error(BPMNError(code: "NO", message: "is hunter2 right?")))
                == .error(BPMNError(code: "NO", message: "is [setting word] right?")))
        #expect(said(.progress(0.5, message: "hunter2")) == .progress(0.5, message: "[setting word]"))
        let output = TaskReport.Content.completed(output: .object([("password", .string("hunter2"))]))
        #expect(said(output) == output)
    }

    @Test func `a contract that names none gets none`() throws {
        var machine = Self.machine([])
        let message = try Self.message(
            machine.tasksFetched([leasedTask(1)], settings: ["host": .string("nas")], at: .start))
        #expect(message.settings == nil)
    }

    @Test func `a setting that is not there is an incident that names it, and spends no attempt`() throws {
        var machine = Self.machine(["host", "password"])
        let actions = machine.tasksFetched([leasedTask(1)], settings: ["host": .string("nas")], at: .start)
        let problem = "the setting password, which the contract media.transcode@2 needs, is not set"
        #expect(
            actions == [
                .report([
                    .init(
                        report: TaskReport(leasedTask(1).attemptID, .unroutable(message: problem)),
                        contract: transcode)
                ])
            ])
    }

    @Test func `a secret that cannot be opened is an incident that names its key`() throws {
        var machine = Self.machine(["password"])
        let settings = DeliverySettings(unreadable: ["password": "k1"])
        let actions = machine.tasksFetched([leasedTask(1)], settings: settings, at: .start)
        let problem =
            "the setting password, which the contract media.transcode@2 needs, cannot be opened: the broker does not have "
            + "the key k1, with which it was encrypted"
        #expect(
            actions == [
                .report([
                    .init(
                        report: TaskReport(leasedTask(1).attemptID, .unroutable(message: problem)),
                        contract: transcode)
                ])
            ])
    }

    @Test func `settings count when large inputs are claimed, and are never claimed themselves`() throws {
        var machine = Self.machine(["host"], claimBytes: 400)
        let input = try json("{\"big\":\"\(String(repeating: "x", count: 250))\"}")
        let settings: DeliverySettings = ["host": .string(String(repeating: "y", count: 200))]
        let message = try Self.message(
            machine.tasksFetched([leasedTask(1, input: input)], settings: settings, at: .start))
        #expect(message.claims.map(\.name) == ["big"] && message.settings?["host"] == settings[name: "host"])
    }
}
