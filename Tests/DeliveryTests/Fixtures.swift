import Delivery
import ProcessEngine
import Values

/// A generator that a seed determines.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

let transcode = ContractKey(name: "media.transcode", major: 2)
let probe = ContractKey(name: "media.probe", major: 1)

extension Timestamp {
    static let start = Timestamp(millisecondsSinceEpoch: 1_767_225_600_000)

    static func at(_ duration: Duration) -> Timestamp { start.advanced(by: duration) }
}

func json(_ text: String) throws -> JSON { try JSON(validating: text) }

func leasedTask(
    _ number: Int, contract: ContractKey = transcode, attempt: Int = 1, token: String? = nil,
    leaseUntil: Timestamp = .at(.seconds(30)),
    input: JSON = .emptyObject
) -> LeasedTask {
    LeasedTask(
        id: TaskID(instance: InstanceID("0197a000-0000-7000-8000-000000000001"), number: number),
        element: ElementID("Task_\(number)"), contract: contract, priority: 0, retries: 3,
        definition: DefinitionID(process: "ingest", version: 3), businessKey: nil,
        lease: TaskLease(
            owner: "broker", attempt: attempt, token: token ?? "token-\(number)-\(attempt)", until: leaseUntil),
        input: input)
}

func taskMessage(
    _ number: Int, attempt: Int = 1, contract: ContractKey = transcode, timeout: Duration? = .seconds(7200),
    heartbeat: Duration? = .seconds(30)
) -> TaskMessage {
    TaskMessage(
        id: leasedTask(number, attempt: attempt).attemptID, contract: contract, version: "\(contract.major).1",
        workflow: "ingest:3", timeout: timeout, heartbeat: heartbeat, replyTo: "results.0", input: .emptyObject)
}

extension TaskMessage {
    var onBus: BusMessage { encoded(names: BusNames(), expiration: nil) }
}

extension BusMessage {
    func with(header name: String, _ value: HeaderValue?) -> BusMessage {
        var copy = self
        copy.headers.removeAll { $0.name == name }
        if let value { copy.headers.append(Header(name: name, value: value)) }
        return copy
    }

    func with(type: String?) -> BusMessage {
        var copy = self
        copy.type = type
        return copy
    }

    func with(body: String) -> BusMessage {
        var copy = self
        copy.body = Array(body.utf8)
        return copy
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
