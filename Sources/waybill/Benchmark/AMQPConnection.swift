import Glibc
import RabbitMQBus

/// One plain TCP connection to the bus with one channel, for the one thread that uses it.
///
/// What is written waits in `out` until `flush`; what is read is handed out as frames in its own buffer, without a copy.
final class AMQPConnection {
    static let channel: UInt16 = 1
    let descriptor: Int32
    private(set) var frameLimit = 4096
    var out = AMQPBuffer()
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private var start = 0
    private var end = 0

    init(_ address: RabbitMQAddress) throws(AMQPTrouble) {
        guard address.tls == nil else {
            throw AMQPTrouble("the raw round trips speak plain AMQP: name the bus with amqp://, not amqps://")
        }
        descriptor = try Self.connect(address)
        try login(address)
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    // MARK: - Bytes

    /// Sends all that was written.
    func flush() throws(AMQPTrouble) {
        var sent = 0
        while sent < out.bytes.count {
            let count = out.bytes.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw AMQPTrouble("cannot write to the bus: \(String(cString: strerror(errno)))")
            }
            sent += count
        }
        out.removeAll()
    }

    /// Reads what is there; waits up to a second if nothing is and `wait` is set. Frames handed out before are gone after it.
    func receive(wait: Bool) throws(AMQPTrouble) {
        if start == end {
            start = 0
            end = 0
        } else if start > buffer.count / 2 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            end -= start
            start = 0
        }
        if end == buffer.count { grow() }
        if wait {
            var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, 1000) > 0 else { return }
        }
        let count = recv(descriptor, buffer.baseAddress! + end, buffer.count - end, Int32(MSG_DONTWAIT))
        if count == 0 { throw AMQPTrouble("the bus closed the connection") }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            throw AMQPTrouble("cannot read from the bus: \(String(cString: strerror(errno)))")
        }
        end += count
    }

    /// The next frame that has been read whole. Throws if the bus closes the channel or the connection.
    func next() throws(AMQPTrouble) -> AMQPFrame? {
        let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start..<end])
        guard let (frame, size) = try AMQPFrame.first(in: rest) else { return nil }
        start += size
        guard let method = frame.method, method == .channelClose || method == .connectionClose else { return frame }
        var arguments = frame.arguments
        let code = arguments.integer(UInt16.self).map { Int($0) }
        throw AMQPTrouble("the bus says: \(arguments.shortString() ?? "nothing")", code: code)
    }

    private func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
        buffer.deallocate()
        buffer = larger
        end -= start
        start = 0
    }

    // MARK: - Requests

    /// Writes a method and waits for its answer; frames before that are dropped.
    @discardableResult
    func call(
        _ method: AMQPMethod, answer: Set<AMQPMethod>, channel: UInt16 = AMQPConnection.channel,
        _ arguments: (inout AMQPBuffer) -> Void = { _ in }
    ) throws(AMQPTrouble) -> AMQPFrame {
        out.method(channel: channel, method, arguments)
        try flush()
        return try expect(answer)
    }

    /// Waits for one of the methods, at most 30 seconds.
    func expect(_ methods: Set<AMQPMethod>) throws(AMQPTrouble) -> AMQPFrame {
        for _ in 0..<30 {
            while let frame = try next() {
                if let method = frame.method, methods.contains(method) { return frame }
            }
            try receive(wait: true)
        }
        throw AMQPTrouble("the bus did not answer within 30 seconds")
    }

    /// The next frame of a kind, at most 30 seconds from now.
    func expect(_ kind: AMQPFrame.Kind) throws(AMQPTrouble) -> AMQPFrame {
        for _ in 0..<30 {
            while let frame = try next() {
                if frame.kind == kind { return frame }
            }
            try receive(wait: true)
        }
        throw AMQPTrouble("the bus sent nothing within 30 seconds")
    }

    func selectConfirms() throws(AMQPTrouble) {
        try call(.confirmSelect, answer: [.confirmSelectOk]) { $0.byte(0) }
    }

    func consume(_ queue: String, prefetch: UInt16) throws(AMQPTrouble) {
        try call(.basicQos, answer: [.basicQosOk]) { frame in
            frame.integer(UInt32(0))
            frame.integer(prefetch)
            frame.byte(0)
        }
        try call(.basicConsume, answer: [.basicConsumeOk]) { frame in
            frame.integer(UInt16(0))
            frame.shortString(queue)
            frame.shortString("bench")
            frame.byte(0)
            frame.table([])
        }
    }

    // MARK: - The beginning

    private func login(_ address: RabbitMQAddress) throws(AMQPTrouble) {
        out.append(Array("AMQP".utf8) + [0, 0, 9, 1])
        try flush()
        _ = try expect([.connectionStart])
        let tune = try call(.connectionStartOk, answer: [.connectionTune], channel: 0) { frame in
            frame.table([("product", .text("waybill bench"))])
            frame.shortString("PLAIN")
            frame.longString("\0\(address.user)\0\(address.password)")
            frame.shortString("en_US")
        }
        var limits = tune.arguments
        guard limits.integer(UInt16.self) != nil, let offered = limits.integer(UInt32.self) else {
            throw AMQPTrouble("the bus did not say how large its frames are")
        }
        let limit = offered == 0 ? 131_072 : min(offered, 131_072)
        frameLimit = Int(limit)
        out.method(channel: 0, .connectionTuneOk) { frame in
            frame.integer(Self.channel)
            frame.integer(limit)
            // No heartbeats: it is never long silent.
            frame.integer(UInt16(0))
        }
        try call(.connectionOpen, answer: [.connectionOpenOk], channel: 0) { frame in
            frame.shortString(address.virtualHost)
            frame.shortString("")
            frame.byte(0)
        }
        try call(.channelOpen, answer: [.channelOpenOk]) { $0.shortString("") }
    }

    private static func connect(_ address: RabbitMQAddress) throws(AMQPTrouble) -> Int32 {
        var problem = "no host is named"
        for host in address.hosts {
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(host.name, String(host.port), &hints, &list) == 0 else {
                problem = "\(host.name) is not known"
                continue
            }
            defer { freeaddrinfo(list) }
            var entry = list
            while let candidate = entry?.pointee {
                entry = candidate.ai_next
                let descriptor = socket(candidate.ai_family, candidate.ai_socktype, candidate.ai_protocol)
                guard descriptor >= 0 else { continue }
                if Glibc.connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) == 0 {
                    var on: Int32 = 1
                    setsockopt(
                        descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                    return descriptor
                }
                problem = "\(host): \(String(cString: strerror(errno)))"
                close(descriptor)
            }
        }
        throw AMQPTrouble("the bus cannot be reached: \(problem)")
    }
}
