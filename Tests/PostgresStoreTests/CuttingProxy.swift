import Foundation
import Glibc
import Synchronization

/// Passes TCP connections on to a server, and cuts one of them when it is told to: what was under way is lost.
final class CuttingProxy: Sendable {
    enum Direction: Sendable, CaseIterable { case toServer, fromServer }

    private struct State {
        /// Cut when so many more bytes have gone in this direction, on a connection that has seen the mark.
        var plan: (direction: Direction, bytes: Int)?
        var mark: [UInt8] = []
        var marked: Int32?
        var cuts = 0
        var isOver = false
        var open: Set<Int32> = []
    }

    private let state = Mutex(State())
    private let listener: Int32
    private let target: UInt16
    let port: UInt16

    init?(target: UInt16) {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listening, address, length) == 0 && listen(listening, 16) == 0
                    && getsockname(listening, address, &length) == 0
            }
        }
        guard isBound else { return nil }
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread { self.accept() }
        thread.start()
    }

    /// From now on the first connection whose client sends `mark` is cut `bytes` later.
    func cut(after bytes: Int, _ direction: Direction, mark: String) {
        state.withLock {
            $0.plan = (direction, bytes)
            $0.mark = Array(mark.utf8)
            $0.marked = nil
        }
    }

    var cuts: Int { state.withLock { $0.cuts } }

    func stop() {
        let open = state.withLock { state in
            state.isOver = true
            return state.open
        }
        for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0, !state.withLock({ $0.isOver }) else { break }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(target)
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else {
                close(client)
                close(server)
                continue
            }
            state.withLock { $0.open.formUnion([client, server]) }
            let thread = Thread { self.pass(client, server) }
            thread.start()
        }
        close(listener)
    }

    private func pass(_ client: Int32, _ server: Int32) {
        var ends = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 65536)
        while poll(&ends, 2, -1) > 0 {
            var isOver = false
            for (end, other, direction) in [(0, server, Direction.toServer), (1, client, .fromServer)]
            where ends[end].revents != 0 && !isOver {
                let count = read(ends[end].fd, &buffer, buffer.count)
                guard count > 0 else {
                    isOver = true
                    continue
                }
                let passed = allowance(of: buffer[..<count], direction, client)
                _ = buffer.withUnsafeBytes { send(other, $0.baseAddress, passed, Int32(MSG_NOSIGNAL)) }
                isOver = passed < count
            }
            if isOver { break }
        }
        state.withLock { $0.open.subtract([client, server]) }
        close(client)
        close(server)
    }

    /// How many of these bytes pass before the cut; all of them if there is none.
    private func allowance(of bytes: ArraySlice<UInt8>, _ direction: Direction, _ client: Int32) -> Int {
        state.withLock { state in
            guard let plan = state.plan else { return bytes.count }
            if state.marked == nil, direction == .toServer, Self.contains(bytes, state.mark) { state.marked = client }
            guard state.marked == client, plan.direction == direction else { return bytes.count }
            if plan.bytes >= bytes.count {
                state.plan?.bytes -= bytes.count
                return bytes.count
            }
            state.plan = nil
            state.cuts += 1
            return plan.bytes
        }
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool {
        guard let first = mark.first else { return true }
        return bytes.indices.contains { bytes[$0] == first && bytes[$0...].starts(with: mark) }
    }
}
