import CRabbitMQ
import Delivery
import Glibc

/// One connection of librabbitmq: the handle and every call on it.
///
/// A connection belongs to one thread at a time ("you cannot share a socket, an amqp_connection_state_t, or a channel
/// between threads using librabbitmq", its README, Threading). Calls that wait for an answer end with the request
/// timeout; a write may block for ever while the bus has an alarm (rabbitmq-c issue 519), which the watchdog ends.
/// After an error that is not `channelClosed` the connection is in no known state: drop it.
final class AMQPConnection {
    let state: amqp_connection_state_t
    private(set) var descriptor: Int32 = -1
    /// The largest frame that both sides take.
    private(set) var frameMaximum = 0
    /// As agreed with the bus; 0 for none.
    var heartbeatSeconds: Int { Int(amqp_get_heartbeat(state)) }
    let arena = AMQPArena()
    /// Publishes of this turn; with TLS the library sends each by itself.
    var publishes = PublishBuffer()
    let isPlain: Bool
    /// One consumer a channel: any tag will do.
    private static let consumerTag = "waybill"

    private init(_ state: amqp_connection_state_t, isPlain: Bool) {
        self.state = state
        self.isPlain = isPlain
    }

    /// Connects and logs in; blocks until then, or until a timeout.
    static func connect(
        to host: RabbitMQAddress.Host, of address: RabbitMQAddress, name: String, configuration: RabbitMQConfiguration
    ) throws(AMQPFailure) -> AMQPConnection {
        guard let state = amqp_new_connection() else {
            throw .library(code: AMQP_STATUS_NO_MEMORY.rawValue, doing: "make a connection")
        }
        let connection = AMQPConnection(state, isPlain: address.tls == nil)
        let socket = try openSocket(of: state, host: host, address: address)
        var connectTimeout = timeval(configuration.connectTimeout)
        try AMQPFailure.check(
            amqp_socket_open_noblock(socket, host.name, Int32(host.port), &connectTimeout), doing: "connect to \(host)")
        connection.descriptor = amqp_get_sockfd(state)
        try connection.logIn(to: host, of: address, name: name, configuration: configuration)
        return connection
    }

    private func logIn(
        to host: RabbitMQAddress.Host, of address: RabbitMQAddress, name: String, configuration: RabbitMQConfiguration
    ) throws(AMQPFailure) {
        var timeout = timeval(configuration.requestTimeout)
        try AMQPFailure.check(amqp_set_handshake_timeout(state, &timeout), doing: "set the handshake's timeout")
        try AMQPFailure.check(amqp_set_rpc_timeout(state, &timeout), doing: "set the request timeout")
        let heartbeat = address.heartbeatSeconds ?? configuration.heartbeatSeconds
        let reply = waybill_amqp_login(
            state, address.virtualHost, AMQP_DEFAULT_FRAME_SIZE, Int32(clamping: heartbeat), name, address.user,
            address.password)
        try Self.check(reply, on: state, doing: "log in to \(host) as \(address.user)")
        frameMaximum = Int(amqp_get_frame_max(state))
        // A smaller one would not hold our own headers (and CVE-2026-44236 was about a frame_max too small).
        guard frameMaximum >= Int(AMQP_FRAME_MIN_SIZE) else {
            throw .protocolViolation("it offers frames of \(frameMaximum) bytes, which AMQP forbids")
        }
    }

    deinit {
        amqp_destroy_connection(state)
    }

    private static func openSocket(
        of state: amqp_connection_state_t, host: RabbitMQAddress.Host, address: RabbitMQAddress
    ) throws(AMQPFailure) -> OpaquePointer {
        guard let tls = address.tls else {
            guard let socket = amqp_tcp_socket_new(state) else {
                throw .library(code: AMQP_STATUS_NO_MEMORY.rawValue, doing: "make a socket")
            }
            return socket
        }
        guard let socket = amqp_ssl_socket_new(state) else {
            throw .library(code: AMQP_STATUS_NO_MEMORY.rawValue, doing: "make a TLS socket")
        }
        // Both are the library's default; a default may change.
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        // librabbitmq 0.11 knows no default authorities: without a file it would trust nobody.
        try AMQPFailure.check(
            amqp_ssl_socket_set_cacert(socket, tls.authorityFile), doing: "read the authorities in \(tls.authorityFile)"
        )
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            try AMQPFailure.check(
                amqp_ssl_socket_set_key(socket, certificate, key),
                doing: "read the certificate \(certificate) with \(key)")
        }
        try AMQPFailure.check(
            amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST), doing: "ask for TLS 1.2 or later")
        return socket
    }

    private static func check(
        _ reply: amqp_rpc_reply_t, on state: amqp_connection_state_t, doing: @autoclosure () -> String
    ) throws(AMQPFailure) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            guard let decoded = reply.reply.decoded else {
                throw .protocolViolation("it answered with method \(reply.reply.id) when asked to \(doing())")
            }
            if reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD {
                let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
                throw .channelClosed(code: Int(close.reply_code), text: String(close.reply_text))
            }
            if reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD {
                let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
                throw .connectionClosed(code: Int(close.reply_code), text: String(close.reply_text))
            }
            throw .protocolViolation("it answered with method \(reply.reply.id) when asked to \(doing())")
        default:
            let code = reply.library_error == 0 ? AMQP_STATUS_CONNECTION_CLOSED.rawValue : reply.library_error
            throw .library(code: code, doing: doing())
        }
    }

    // MARK: Receiving

    /// The next frame that is here already; nil if there is none. Also serves heartbeats, which librabbitmq does
    /// nowhere else on an idle connection.
    func nextFrame() throws(AMQPFailure) -> AMQPFrame? {
        var frame = amqp_frame_t()
        var noWait = timeval()
        let status = amqp_simple_wait_frame_noblock(state, &frame, &noWait)
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        try AMQPFailure.check(status, doing: "receive")
        return AMQPFrame(frame)
    }

    /// Frees what decoded frames occupied. Call it once a turn, when they have been copied; without it the pools only
    /// grow.
    func releaseBuffers() {
        amqp_maybe_release_buffers(state)
    }

    // MARK: Asking, and waiting for the answer

    func openChannel(_ channel: UInt16) throws(AMQPFailure) {
        _ = amqp_channel_open(state, channel)
        try checkReply(on: channel, doing: "open a channel")
    }

    func selectConfirms(_ channel: UInt16) throws(AMQPFailure) {
        _ = amqp_confirm_select(state, channel)
        try checkReply(on: channel, doing: "ask for confirms")
    }

    func declare(_ exchange: Topology.Exchange, channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        let arguments =
            exchange.alternate.map { [BusMessage.Header(name: "alternate-exchange", value: .string($0))] } ?? []
        _ = amqp_exchange_declare(
            state, channel, arena.bytes(exchange.name), arena.bytes(exchange.kind.rawValue), 0, 1, 0, 0,
            arena.table(arguments))
        try checkReply(on: channel, doing: "declare the exchange \(exchange.name)")
    }

    func declare(_ queue: Topology.Queue, channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        _ = amqp_queue_declare(state, channel, arena.bytes(queue.name), 0, 1, 0, 0, arena.table(queue.arguments))
        try checkReply(on: channel, doing: "declare the queue \(queue.name)")
    }

    func bind(_ binding: Topology.Binding, channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        _ = amqp_queue_bind(
            state, channel, arena.bytes(binding.queue), arena.bytes(binding.exchange), arena.bytes(binding.routingKey),
            amqp_table_t())
        try checkReply(on: channel, doing: "bind the queue \(binding.queue) to \(binding.exchange)")
    }

    /// A passive declare: ready messages and consumers.
    func inspect(queue: String, channel: UInt16) throws(AMQPFailure) -> (messages: Int, consumers: Int) {
        defer { arena.reset() }
        let answer = amqp_queue_declare(state, channel, arena.bytes(queue), 1, 0, 0, 0, amqp_table_t())
        try checkReply(on: channel, doing: "look at the queue \(queue)")
        guard let answer else { throw .protocolViolation("it did not answer a passive declare") }
        return (Int(answer.pointee.message_count), Int(answer.pointee.consumer_count))
    }

    private func checkReply(on channel: UInt16, doing: @autoclosure () -> String) throws(AMQPFailure) {
        do {
            try Self.check(amqp_get_rpc_reply(state), on: state, doing: doing())
        } catch .channelClosed(let code, let text) {
            // The bus waits for it, and a channel's number is free again only then.
            try answerChannelClose(channel)
            throw .channelClosed(code: code, text: text)
        }
    }

    // MARK: Sending

    /// Whether the socket takes some data now.
    var isWritable: Bool {
        var socket = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&socket, 1, 0) > 0
    }

    /// Collects what `writes` sends into as few packets as possible: librabbitmq makes a `send` call for each frame.
    func coalescing(_ writes: () throws(AMQPFailure) -> Void) throws(AMQPFailure) {
        setCork(1)
        defer { setCork(0) }
        try writes()
    }

    private func setCork(_ on: Int32) {
        var on = on
        // Only speed depends on it.
        _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CORK, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    func ack(_ tag: UInt64, multiple: Bool, channel: UInt16) throws(AMQPFailure) {
        try AMQPFailure.check(amqp_basic_ack(state, channel, tag, multiple ? 1 : 0), doing: "acknowledge")
    }

    func reject(_ tag: UInt64, requeue: Bool, channel: UInt16) throws(AMQPFailure) {
        try AMQPFailure.check(amqp_basic_reject(state, channel, tag, requeue ? 1 : 0), doing: "reject")
    }

    /// Opens a channel and starts a consumer on it without waiting: the bus answers in order, with consume-ok or by
    /// closing the channel.
    func startConsumer(_ subscription: ConsumerRequest, channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        let queue = arena.bytes(subscription.queue)
        var open = amqp_channel_open_t()
        try send(AMQP_CHANNEL_OPEN_METHOD, &open, channel: channel)
        if let bindings = subscription.temporaryBindings {
            var declare = amqp_queue_declare_t()
            declare.queue = queue
            declare.exclusive = 1
            declare.auto_delete = 1
            try send(AMQP_QUEUE_DECLARE_METHOD, &declare, channel: channel)
            for binding in bindings {
                var bind = amqp_queue_bind_t()
                bind.queue = queue
                bind.exchange = arena.bytes(binding.exchange)
                bind.routing_key = arena.bytes(binding.routingKey)
                try send(AMQP_QUEUE_BIND_METHOD, &bind, channel: channel)
            }
        }
        var qos = amqp_basic_qos_t()
        qos.prefetch_count = UInt16(clamping: max(1, subscription.prefetch))
        try send(AMQP_BASIC_QOS_METHOD, &qos, channel: channel)
        var consume = amqp_basic_consume_t()
        consume.queue = queue
        consume.consumer_tag = arena.bytes(Self.consumerTag)
        try send(AMQP_BASIC_CONSUME_METHOD, &consume, channel: channel)
    }

    /// Ends the channel's consumer, without waiting for cancel-ok; what it has got can still be acknowledged.
    func cancelConsumer(_ channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        var cancel = amqp_basic_cancel_t()
        cancel.consumer_tag = arena.bytes(Self.consumerTag)
        try send(AMQP_BASIC_CANCEL_METHOD, &cancel, channel: channel)
    }

    /// Asks the bus to close a channel, without waiting for close-ok.
    func closeChannel(_ channel: UInt16) throws(AMQPFailure) {
        var close = amqp_channel_close_t()
        close.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        try send(AMQP_CHANNEL_CLOSE_METHOD, &close, channel: channel)
    }

    func answerChannelClose(_ channel: UInt16) throws(AMQPFailure) {
        var answer = amqp_channel_close_ok_t()
        try send(AMQP_CHANNEL_CLOSE_OK_METHOD, &answer, channel: channel)
    }

    func answerConnectionClose() throws(AMQPFailure) {
        var answer = amqp_connection_close_ok_t()
        try send(AMQP_CONNECTION_CLOSE_OK_METHOD, &answer, channel: 0)
    }

    /// Says good-bye and waits a second for the answer (rabbitmq-c issue 380: without a timeout it may hang).
    func close() {
        var second = timeval(tv_sec: 1, tv_usec: 0)
        guard amqp_set_rpc_timeout(state, &second) == AMQP_STATUS_OK.rawValue else { return }
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    private func send<T>(_ method: amqp_method_number_t, _ content: inout T, channel: UInt16) throws(AMQPFailure) {
        let status = withUnsafeMutablePointer(to: &content) { amqp_send_method(state, channel, method, $0) }
        try AMQPFailure.check(status, doing: "send")
    }
}

/// What a consumer needs on the wire.
struct ConsumerRequest {
    var queue: String
    var prefetch: Int
    var temporaryBindings: [Topology.Binding]?
}

extension timeval {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(clamping: seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
