import AsyncHTTPClient
import Delivery
import NIOCore
import NIOHTTP1

/// Claimed inputs over HTTP.
enum HTTPClaims {
    /// Lives as long as the program. It follows no redirect: the token is for the server that the task names.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(30)))
        // `InputFetcher` tries again, and says so.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    static let get: ClaimGetter = { href, token, limit in
        // The client ends the process at some addresses.
        var request = HTTPClientRequest(url: try HTTPAddress(href).text)
        request.headers.add(name: "waybill-token", value: token)
        let response = try await client.execute(request, timeout: .minutes(10))
        var body: [UInt8] = []
        for try await part in response.body {
            guard body.count + part.readableBytes <= limit else { throw ClaimTooLarge() }
            body.append(contentsOf: part.readableBytesView)
        }
        return ClaimAnswer(status: Int(response.status.code), body: body)
    }
}
