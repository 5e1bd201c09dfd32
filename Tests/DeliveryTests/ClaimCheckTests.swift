import Delivery
import ProcessEngine
import Testing
import Values

struct ClaimCheckTests {
    private static let base = "https://waybill.example/api"
    private static let place = "\(base)/v1/tasks/0197a000-0000-7000-8000-000000000001.7/input/"

    /// An input with members of so many bytes.
    private static func input(_ sizes: KeyValuePairs<String, Int>) -> JSON {
        .object(sizes.map { (name: $0, value: JSON.string(String(repeating: "x", count: $1 - 2))) })
    }

    private static func task(_ input: JSON) -> TaskMessage {
        TaskMessage(leasedTask(7, input: input), policy: TaskPolicy(version: "2.1"), replyTo: "results.0")
    }

    /// What is in a body beside its input.
    private static let beside = task(.emptyObject).onBus.body.count - #"{"input":{}}"#.utf8.count

    static let table: [(input: KeyValuePairs<String, Int>, limit: Int, claimed: [String])] = [
        ([:], 1000, []),
        (["a": 984], 1000, []),
        (["a": 985], 1000, ["a"]),
        (["a": 600, "b": 300, "c": 200], 1000, ["a"]),
        (["a": 600, "b": 700, "c": 800], 1000, ["b", "c"]),
        (["a": 700, "b": 700, "c": 100], 1000, ["a"]),
        (["a": 5000, "b": 5000, "c": 5000], 1000, ["a", "b", "c"]),
        (["small": 12, "large": 2000], 100, ["large"]),
        (["a": 90, "b": 90, "c": 90], 100, []),
        (["a": 2000, "": 5000, ".": 5000, "..": 5000], 1000, ["a"]),
    ]

    @Test(arguments: table.indices)
    func `the biggest members are claimed, until the body fits or nothing more can be won`(index: Int) {
        let (sizes, limit, claimed) = Self.table[index]
        let task = Self.task(Self.input(sizes))

        let message = task.claimingLargeInputs(base: Self.base, limits: EnvelopeLimits(claimBytes: limit + Self.beside))

        #expect(message.claims.map(\.name) == claimed)
        #expect(message.claims.map(\.bytes) == sizes.filter { claimed.contains($0.key) }.map(\.value))
        #expect(message.input == Self.input(sizes).removing(claimed))
    }

    @Test func `one byte decides, and the count of the body's bytes is exact`() {
        let input = Self.input(["a": 900, "b": 400, "c": 300, "d": 20])
        let claimedOne = Self.task(input).claimingLargeInputs(
            base: Self.base, limits: EnvelopeLimits(claimBytes: 1000 + Self.beside))
        let size = claimedOne.onBus.body.count

        let fits = Self.task(input).claimingLargeInputs(base: Self.base, limits: EnvelopeLimits(claimBytes: size))
        let lacks = Self.task(input).claimingLargeInputs(base: Self.base, limits: EnvelopeLimits(claimBytes: size - 1))

        #expect(fits == claimedOne)
        #expect(lacks.claims.map(\.name) == ["a", "b"])
    }

    @Test func `a message with claims has its golden body, and is read as it was written`() throws {
        let large = String(repeating: "ä", count: 500)
        let input = try json(#"{ "sourceUri": "file:///a.mov", "cut list/1": ["\#(large)"], "preset": "proxy" }"#)

        let message = Self.task(input).claimingLargeInputs(base: Self.base, limits: EnvelopeLimits(claimBytes: 500))

        let expected =
            #"{"input":{"sourceUri":"file:///a.mov","preset":"proxy"},"workflow":"ingest:3","timeoutMs":3600000,"#
            + #""claims":{"cut list/1":{"href":"\#(Self.place)cut%20list%2F1","bytes":1004}}}"#
        #expect(message.onBus.text == expected)
        #expect(try TaskMessage(decoding: message.onBus) == message)
    }

    @Test(arguments: [
        #"{"input":{},"claims":[]}"#,
        #"{"input":{},"claims":{"a":"http://h/"}}"#,
        #"{"input":{},"claims":{"a":{"bytes":1}}}"#,
        #"{"input":{},"claims":{"a":{"href":"http://h/"}}}"#,
        #"{"input":{},"claims":{"a":{"href":"http://h/","bytes":-1}}}"#,
        #"{"input":{},"claims":{"a":{"href":"file:///etc/passwd","bytes":1}}}"#,
        #"{"input":{},"claims":{"a":{"href":"http://127.0.0.1:99999/","bytes":1}}}"#,
        #"{"input":{"a":1},"claims":{"a":{"href":"http://h/","bytes":1}}}"#,
    ])
    func `claims that cannot be read make the message unreadable`(body: String) throws {
        let error = try #require(throws: EnvelopeError.self) {
            try TaskMessage(decoding: taskMessage(7).onBus.with(body: body))
        }
        #expect(error.reason == .wrongShape)
    }

    @Test func `null claims are no claims`() throws {
        let message = taskMessage(7).onBus.with(body: #"{"input":{"a":1},"claims":null}"#)
        #expect(try TaskMessage(decoding: message).claims.isEmpty)
    }

    // MARK: The machine.

    private func published(_ configuration: DeliveryMachine.Configuration, _ input: JSON) -> [DeliveryMachine.Action] {
        var machine = DeliveryMachine(configuration: configuration)
        machine.busStateChanged(.connected)
        _ = machine.contractsChanged([transcode: TaskPolicy(version: "2.1")])
        machine.declared([transcode])
        return machine.tasksFetched([leasedTask(7, input: input)], at: .start)
    }

    @Test func `the machine claims over 256 KiB, once it knows where agents can fetch`() throws {
        let input = Self.input(["small": 10, "large": 256 << 10])
        for (base, claimed) in [(nil, []), (Self.base, ["large"])] as [(String?, [String])] {
            let actions = published(.init(claimBase: base), input)
            guard case .publish(let batch, _, _) = actions.first else {
                Issue.record("expected a publish, got \(actions)")
                return
            }
            #expect(try batch.map { try TaskMessage(decoding: $0.message).claims.map(\.name) } == [claimed])
        }
    }

    @Test func `an input that no claim makes small enough is an incident`() {
        let input = Self.input(["a": 90, "b": 90])
        let limits = EnvelopeLimits(bodyBytes: 150, claimBytes: 100)

        guard case .report(let reports) = published(.init(limits: limits, claimBase: Self.base), input).first,
            case .unroutable(let message) = reports.first?.report.content
        else {
            Issue.record("expected an incident")
            return
        }
        #expect(message.contains("the bus takes 150"))
    }
}

extension JSON {
    fileprivate func removing(_ names: [String]) -> JSON {
        .object((members() ?? []).filter { !names.contains($0.name) })
    }
}
