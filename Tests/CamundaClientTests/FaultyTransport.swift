import CamundaClient
import Synchronization
import Values

/// Goes to a real server, and does to requests and answers what a network does.
final class FaultyTransport: CamundaTransport {
    enum Fault: Sendable {
        /// The request never arrives.
        case lostRequest
        /// The server did it; its answer is lost.
        case lostReply
        /// The connection ends before the answer; whether the server did it is for the test to say.
        case closedConnection(done: Bool)
        /// The network delivers the request twice; the first answer is lost.
        case duplicated
        /// Somebody answers instead of the server.
        case answered(CamundaReply)
    }

    struct ConnectionLost: Error {}

    private let inner: any CamundaTransport
    private let faults = Mutex<[(path: String, fault: Fault)]>([])
    private let log = Mutex<[CamundaRequest]>([])
    /// What the server says it is; nil: as it says.
    private let posesAsCamunda: Bool

    init(_ inner: any CamundaTransport, posesAsCamunda: Bool = false) {
        self.inner = inner
        self.posesAsCamunda = posesAsCamunda
    }

    /// Happens to the next request whose path ends so; several queue up.
    func next(_ path: String, _ fault: Fault) {
        faults.withLock { $0.append((path, fault)) }
    }

    /// What was asked, in order.
    var requests: [CamundaRequest] { log.withLock { $0 } }

    func send(_ request: CamundaRequest) async throws -> CamundaReply {
        log.withLock { $0.append(request) }
        let fault = faults.withLock { faults in
            faults.firstIndex { request.path.hasSuffix($0.path) }.map { faults.remove(at: $0).fault }
        }
        switch fault {
        case nil: return try await reply(request)
        case .lostRequest: throw ConnectionLost()
        case .lostReply:
            _ = try await reply(request)
            throw ConnectionLost()
        case .closedConnection(let isDone):
            if isDone { _ = try await reply(request) }
            throw ClosedConnection("by the test")
        case .duplicated:
            _ = try await reply(request)
            return try await reply(request)
        case .answered(let answer): return answer
        }
    }

    private func reply(_ request: CamundaRequest) async throws -> CamundaReply {
        var reply = try await inner.send(request)
        if posesAsCamunda { reply.isWaybill = false }
        return reply
    }
}
