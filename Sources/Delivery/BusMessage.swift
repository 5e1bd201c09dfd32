/// A message of the bus with the AMQP properties that Waybill uses.
package struct BusMessage: Sendable, Hashable {
    package var exchange: String
    package var routingKey: String
    package var messageID: String?
    package var correlationID: String?
    package var type: String?
    package var replyTo: String?
    package var contentType: String?
    /// Milliseconds until the bus may drop it (to the dead-letter exchange); nil = never.
    package var expirationMilliseconds: Int64?
    package var headers: [Header]
    package var body: [UInt8]
    /// It is for whoever listens at the moment: not stored on a disk, and gone if nobody does.
    package var isNotice = false
    /// How many bytes came, if those were too many to be read: then the body here is empty.
    package var unreadBytes: Int?

    package init(
        exchange: String, routingKey: String, messageID: String? = nil, correlationID: String? = nil,
        type: String? = nil,
        replyTo: String? = nil, contentType: String? = "application/json", expirationMilliseconds: Int64? = nil,
        headers: [Header] = [], body: [UInt8]
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.messageID = messageID
        self.correlationID = correlationID
        self.type = type
        self.replyTo = replyTo
        self.contentType = contentType
        self.expirationMilliseconds = expirationMilliseconds
        self.headers = headers
        self.body = body
    }

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: HeaderValue
        package init(name: String, value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }

    /// A header's value: the kinds of AMQP field values that matter; others arrive as `.other`.
    package enum HeaderValue: Sendable, Hashable {
        case string(String)
        case integer(Int64)
        case bool(Bool)
        case double(Double)
        case table([Header])
        case array([HeaderValue])
        case other
    }

    /// The first header of that name.
    package func header(_ name: String) -> HeaderValue? {
        headers.first { $0.name == name }?.value
    }
}
