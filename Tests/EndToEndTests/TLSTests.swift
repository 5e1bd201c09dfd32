import Foundation
import Testing

/// The bus behind TLS, where both sides show a certificate.
@Suite(.serialized) struct TLSTests {
    /// An authority, and a certificate of it for the server and one for its clients; and an authority that nobody knows.
    private static let certificates = """
        set -e; cd "$0"
        authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1"; }
        certificate() {
            openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
            printf 'subjectAltName=DNS:localhost\\nextendedKeyUsage=serverAuth,clientAuth\\n' > "$1.ext"
            openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$1.pem" -days 2 -extfile "$1.ext"
        }
        authority ca; authority other; certificate server; certificate client
        """

    /// Waits for words in the server's log.
    private static func waitForLog(_ words: String, of site: Installation) async throws {
        for _ in 0..<300 {
            if site.logTail("server", lines: 1000).contains(words) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Installation.Failure("nobody said '\(words)':\n\(site.logTail("server"))")
    }

    @Test func `work is done over connections on which both sides have shown who they are`() async throws {
        let site = try Installation("tls")
        defer { site.tearDown() }
        let folder = site.directory.appending(path: "certificates")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Installation.run("/bin/bash", ["-c", Self.certificates + " 2> log.txt", folder.path])
        try site.rabbitMQ("start", tls: folder.path)

        try site.startServer(bus: "amqps.url")
        try await site.waitUntilReady()
        let hello = Installation.root.appending(path: "contracts/examples/hello").path
        _ = try site.waybill("push", hello, "-m", "first")
        try site.startAgent(
            "greet", contract: "demo.greet@1", exec: "\(hello)/greet", prefetch: 1, bus: "amqps.url")
        let end = try site.waybill("start", "demo.hello", "--input", #"{"visitor": "Ada"}"#, "--wait")
        #expect(end.contains("Ada"), "\(end)")
        _ = try site.stopServer()

        let good = try String(contentsOf: site.directory.appending(path: "rabbitmq/amqps.url"), encoding: .utf8)
        func address(_ name: String, _ change: (String) -> String) throws {
            try change(good).write(
                to: site.directory.appending(path: "rabbitmq/\(name)"), atomically: true, encoding: .utf8)
        }
        try address("nobody.url") { String($0.prefix { $0 != "&" }) }
        try site.startServer(bus: "nobody.url")
        try await Self.waitForLog("certfile and keyfile", of: site)
        _ = try site.stopServer()
        try address("stranger.url") { $0.replacing("/ca.pem", with: "/other.pem") }
        try site.startServer(bus: "stranger.url")
        try await Self.waitForLog("cacertfile must have the authority", of: site)
        _ = try site.stopServer()
        try address("renamed.url") { $0.replacing("localhost", with: "127.0.0.1") }
        try site.startServer(bus: "renamed.url")
        try await Self.waitForLog("the certificate is for another name", of: site)
    }
}
