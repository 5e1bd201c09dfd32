import FoundationEssentials

/// How to reach the bus, and how patient to be with it.
package struct RabbitMQConfiguration: Sendable {
    /// Read at each connect, so that changed credentials are used at the next one.
    package var address: @Sendable () throws -> RabbitMQAddress
    /// What RabbitMQ shows as the connection's name; `publish`, `consume` or `control` is added.
    package var clientName: String
    /// Both sides send one at least this often; two missed ones end the connection. The URL's own goes first.
    package var heartbeatSeconds = 20
    package var connectTimeout: Duration = .seconds(5)
    /// For each declare and inspect, and for the bus to come back before they are given up.
    package var requestTimeout: Duration = .seconds(10)
    /// A write that the bus does not take for so long ends the connection.
    package var stallTimeout: Duration = .seconds(15)
    /// A confirm that is missing for so long ends the connection, while the bus has no alarm.
    package var confirmTimeout: Duration = .seconds(60)
    /// The first pause before connecting again, doubled with each failure up to `longestPause`; half of it is random.
    package var shortestPause: Duration = .milliseconds(500)
    package var longestPause: Duration = .seconds(30)
    /// Publishes on the way without a confirm; the rest waits.
    package var confirmWindow = 256
    /// Larger bodies are neither sent nor taken.
    package var maximumBodyBytes = 16 << 20

    /// Throws if the address cannot be read now.
    package init(clientName: String, address: @escaping @Sendable () throws -> RabbitMQAddress) throws {
        _ = try address()
        self.address = address
        self.clientName = clientName
    }

    package init(url: String, clientName: String = "waybill") throws(RabbitMQAddressError) {
        let parsed = try RabbitMQAddress(url: url)
        self.address = { parsed }
        self.clientName = clientName
    }

    /// The URL is the content of a file.
    package init(urlFile path: String, clientName: String = "waybill") throws {
        try self.init(clientName: clientName) {
            let text: String
            do {
                text = try String(contentsOfFile: path, encoding: .utf8)
            } catch {
                throw RabbitMQAddressError("cannot read the file \(path)")
            }
            return try RabbitMQAddress(url: text)
        }
    }
}
