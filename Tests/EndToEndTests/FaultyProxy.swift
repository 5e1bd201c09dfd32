import Foundation
import Synchronization

/// An HTTP proxy before one server that does to replies what networks do: it delays them, cuts them before or in the middle,
/// loses requests on their way, and sends a request twice so that the first answer is nobody's.
///
/// Sockets and a thread for each connection: a client library would mend what must stay broken.
final class FaultyProxy: Sendable {
    enum Fault: String, CaseIterable, Sendable {
        case none, lostRequest, lostReply, cutReply, delayedReply, duplicated
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let state: Mutex<State>

    private struct State {
        var random: SplitMix
        var isFaulty = true
        var isClosed = false
        var counts: [Fault: Int] = [:]
    }

    /// Listens on `port` of loopback, for the server at `target`.
    init(port: Int, target: Int, seed: UInt64) throws {
        self.port = port
        self.target = target
        state = Mutex(State(random: SplitMix(state: seed)))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard Loopback.with(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            close(listener)
            throw Installation.Failure("cannot listen on \(port)")
        }
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// From now on every reply goes through as it is.
    func heal() { state.withLock { $0.isFaulty = false } }

    /// How often each fault was done.
    var counts: [Fault: Int] { state.withLock { $0.counts } }

    func tearDown() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    // MARK: - Connections

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            if client < 0 {
                if state.withLock({ $0.isClosed }) || (errno != EINTR && errno != ECONNABORTED) { return }
                continue
            }
            Thread.detachNewThread { [self] in
                serve(client)
                close(client)
            }
        }
    }

    /// One request on each connection: the answer says so.
    private func serve(_ client: Int32) {
        guard let request = Self.readRequest(client) else { return }
        let (fault, delay) = next()
        switch fault {
        case .lostRequest:
            return
        case .none:
            Self.write(forward(request), to: client)
        case .lostReply:
            _ = forward(request)
        case .cutReply:
            let reply = forward(request)
            Self.write(Array(reply.prefix(reply.count / 2)), to: client)
        case .delayedReply:
            let reply = forward(request)
            Thread.sleep(forTimeInterval: delay)
            Self.write(reply, to: client)
        case .duplicated:
            _ = forward(request)
            Self.write(forward(request), to: client)
        }
    }

    /// Half of the requests go well.
    private func next() -> (fault: Fault, delay: Double) {
        state.withLock { state in
            var fault = Fault.none
            if state.isFaulty, Bool.random(using: &state.random) {
                fault = Fault.allCases.dropFirst().randomElement(using: &state.random) ?? .none
            }
            state.counts[fault, default: 0] += 1
            return (fault, Double.random(in: 0.1...3, using: &state.random))
        }
    }

    private func forward(_ request: [UInt8]) -> [UInt8] {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        guard Loopback.with(target, { connect(server, $0, $1) }) == 0 else { return [] }
        Self.write(request, to: server)
        var reply: [UInt8] = []
        while let bytes = Self.read(server) { reply += bytes }
        return reply
    }

    // MARK: - Bytes

    /// Head and body of a request, told to be the only one of its connection.
    private static func readRequest(_ client: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let more = read(client) {
            bytes += more
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            let lines = head.components(separatedBy: "\r\n")
            let lengths = lines.filter { $0.lowercased().hasPrefix("content-length:") }
            let length = lengths.first.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
            guard bytes.count >= end.upperBound + length else { continue }
            let kept = lines.filter { !$0.lowercased().hasPrefix("connection:") } + ["Connection: close"]
            return Array((kept.joined(separator: "\r\n") + "\r\n\r\n").utf8) + bytes[end.upperBound...]
        }
        return nil
    }

    /// What comes next; nil at the end.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { return Array(buffer.prefix(count)) }
            guard count < 0, errno == EINTR else { return nil }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// The address of a port of this machine, as sockets want it.
enum Loopback {
    static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
