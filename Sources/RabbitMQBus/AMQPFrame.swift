import CRabbitMQ
import Delivery

/// A frame of the bus, copied out of librabbitmq's buffers.
enum AMQPFrame {
    case method(AMQPMethod, channel: UInt16)
    /// The properties of a message, and how long its body will be. Exchange and routing key come from the method
    /// before.
    case header(properties: BusMessage, bodySize: UInt64, channel: UInt16)
    case body([UInt8], channel: UInt16)
    /// Heartbeats and whatever else is served inside the library.
    case nothing
}

/// The methods that a connection of ours has to know. Others are `.other` with their id.
enum AMQPMethod {
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)
    case returned(code: Int, text: String, exchange: String, routingKey: String)
    case deliver(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case consumeOk
    /// The bus ended a consumer: its queue is gone.
    case cancel
    case channelClose(code: Int, text: String)
    case channelCloseOk
    case connectionClose(code: Int, text: String)
    case blocked(reason: String)
    case unblocked
    case other(UInt32)
}

extension AMQPFrame {
    init(_ frame: amqp_frame_t) {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            self = .method(AMQPMethod(frame.payload.method), channel: frame.channel)
        case AMQP_FRAME_HEADER:
            let properties = frame.payload.properties
            guard Int32(properties.class_id) == AMQP_BASIC_CLASS, let decoded = properties.decoded else {
                self = .nothing
                return
            }
            let message = BusMessage(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
            self = .header(properties: message, bodySize: properties.body_size, channel: frame.channel)
        case AMQP_FRAME_BODY:
            self = .body([UInt8](frame.payload.body_fragment), channel: frame.channel)
        default:
            self = .nothing
        }
    }
}

extension AMQPMethod {
    fileprivate init(_ method: amqp_method_t) {
        guard let decoded = method.decoded else {
            self = .other(method.id)
            return
        }
        func content<T>(_: T.Type) -> T { decoded.assumingMemoryBound(to: T.self).pointee }
        switch method.id {
        case AMQP_BASIC_ACK_METHOD:
            let ack = content(amqp_basic_ack_t.self)
            self = .ack(tag: ack.delivery_tag, multiple: ack.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let nack = content(amqp_basic_nack_t.self)
            self = .nack(tag: nack.delivery_tag, multiple: nack.multiple != 0)
        case AMQP_BASIC_RETURN_METHOD:
            let returned = content(amqp_basic_return_t.self)
            self = .returned(
                code: Int(returned.reply_code), text: String(returned.reply_text), exchange: String(returned.exchange),
                routingKey: String(returned.routing_key))
        case AMQP_BASIC_DELIVER_METHOD:
            let delivery = content(amqp_basic_deliver_t.self)
            self = .deliver(
                tag: delivery.delivery_tag, redelivered: delivery.redelivered != 0, exchange: String(delivery.exchange),
                routingKey: String(delivery.routing_key))
        case AMQP_BASIC_CONSUME_OK_METHOD: self = .consumeOk
        case AMQP_BASIC_CANCEL_METHOD: self = .cancel
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = content(amqp_channel_close_t.self)
            self = .channelClose(code: Int(close.reply_code), text: String(close.reply_text))
        case AMQP_CHANNEL_CLOSE_OK_METHOD: self = .channelCloseOk
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = content(amqp_connection_close_t.self)
            self = .connectionClose(code: Int(close.reply_code), text: String(close.reply_text))
        case AMQP_CONNECTION_BLOCKED_METHOD:
            self = .blocked(reason: String(content(amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: self = .unblocked
        default: self = .other(method.id)
        }
    }
}

extension BusMessage {
    /// The properties alone: exchange, routing key and body are empty.
    fileprivate init(_ properties: amqp_basic_properties_t) {
        func text(_ bytes: amqp_bytes_t, _ flag: Int32) -> String? {
            properties._flags & UInt32(bitPattern: flag) == 0 ? nil : String(bytes)
        }
        self.init(
            exchange: "", routingKey: "", messageID: text(properties.message_id, AMQP_BASIC_MESSAGE_ID_FLAG),
            correlationID: text(properties.correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG),
            type: text(properties.type, AMQP_BASIC_TYPE_FLAG),
            replyTo: text(properties.reply_to, AMQP_BASIC_REPLY_TO_FLAG),
            contentType: text(properties.content_type, AMQP_BASIC_CONTENT_TYPE_FLAG),
            expirationMilliseconds: text(properties.expiration, AMQP_BASIC_EXPIRATION_FLAG).flatMap { Int64($0) },
            headers: properties._flags & UInt32(AMQP_BASIC_HEADERS_FLAG) == 0 ? [] : [Header](properties.headers),
            body: [])
    }
}
