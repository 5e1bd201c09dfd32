import ArgumentParser
import Delivery
import Foundation
import Services
import Staging
import Values
import WebServer

/// How a server serves: where it listens, and how it uses the bus.
struct ServingOptions: ParsableArguments {
    @Option(
        help:
            "Where the REST API listens, HOST:PORT. Other hosts than loopback need --keys-file, --token-file or --jwt-issuer."
    )
    var listen = Settings.value("listen") ?? "127.0.0.1:8585"
    @Option(
        help: "A file with the token that callers must send as Authorization: Bearer; it is an administrator's key.")
    var tokenFile: String?
    @Option(
        help: ArgumentHelp(
            "A file with the names, roles and hashes of the keys that callers send; `waybill key new` makes one. Read again when it changes.",
            valueName: "file"))
    var keysFile: String?
    @Option(
        help: ArgumentHelp(
            "Requests a second that each key or token may make; more are answered 429 (default: no limit).",
            valueName: "requests"))
    var rateLimit: Int?
    @Option(
        help: ArgumentHelp(
            "Connections to the REST API at one time; others wait (default: 2000).", valueName: "connections"))
    var maxConnections: Int?
    @OptionGroup(title: "Tokens of an identity provider") var tokens: TokenOptions
    @Option(
        help: ArgumentHelp(
            "A file to which every change and every denial is added; a change that cannot be written down is refused.",
            valueName: "file"))
    var auditFile: String?
    @Option(
        help: ArgumentHelp(
            "The address of the REST API for agents, who fetch large inputs there. By default where it listens.",
            valueName: "url"))
    var publicUrl: String?
    @Option(
        help: ArgumentHelp(
            "A task message over this many bytes leaves its largest inputs to be fetched (default: 262144).",
            valueName: "bytes"))
    var claimBytes: Int?
    @Option(help: "The kind of queue: quorum (safe and fast under load) or classic (lowest latency when idle).")
    var queueType = Settings.value("queue-type") ?? "quorum"
    @Option(
        help: ArgumentHelp("Tasks in one poll of the broker, at most (default: 10).", valueName: "tasks"))
    var pollLimit: Int?
    @Option(help: "A prefix of every exchange and queue name.")
    var busPrefix = Settings.value("bus-prefix") ?? ""
    @Option(
        help: ArgumentHelp(
            "How long instances are kept after their end if their process and contract say nothing, like P90D (default: for ever).",
            valueName: "duration"))
    var retention: String?
    @Flag(help: "Use the bus although another store marked it as its own. Only when that store is gone for good.")
    var adoptBus = false

    @Option(
        help: ArgumentHelp(
            "A file with the public keys, one a line, by one of which a bundle must be signed to be staged here.",
            valueName: "file"))
    var bundleKeysFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the keys that encrypt secret settings; `waybill settings key` makes one. Without it: WAYBILL_SETTINGS_KEY.",
            valueName: "file"))
    var settingsKeyFile: String?
    @Option(help: "The stage of this installation, like dev or prod: its settings win over the common ones.")
    var stage: String?

    @Option(
        help: ArgumentHelp(
            "What becomes of processes that somebody deployed past the config store: report or correct (default: report).",
            valueName: "policy"))
    var drift: String?

    /// The options after every check.
    struct Checked {
        var host: String
        var port: Int
        var token: String?
        var keysFile: String?
        var tokens: TokenOptions.Checked?
        /// Requests a second; nil: no limit.
        var rateLimit: Int?
        var maxConnections: Int
        var auditFile: String?
        /// The address at which agents reach the REST API; nil: none is known, so nothing is claimed.
        var publicURL: String?
        var claimBytes: Int
        var queueType: QueueType
        var pollLimit: Int
        var busPrefix: String
        var adoptBus: Bool
        /// Public keys, hexadecimal.
        var bundleKeys: Set<String>
        var secretBox: SecretBox
        /// Empty: none.
        var stage: String
        /// Nil: for ever.
        var retention: Duration?
        var drift: Reconciliation.DriftPolicy
    }

    /// Throws `CommandError` with the first thing that is wrong.
    func checked() throws -> Checked {
        let (host, port) = try Self.address(listen)
        let token = try (tokenFile ?? Settings.value("token-file")).map(Self.token)
        let keysFile = keysFile ?? Settings.value("keys-file")
        let tokens = try tokens.checked()
        guard token != nil || keysFile != nil || tokens != nil || WebServer.isLoopback(host) else {
            throw CommandError(
                "\(host) can be reached by others: give --keys-file, --token-file or --jwt-issuer, or listen on 127.0.0.1"
            )
        }
        guard let queueType = QueueType(rawValue: queueType) else {
            throw CommandError("--queue-type is quorum or classic, not '\(queueType)'")
        }
        guard busPrefix.utf8.allSatisfy(Self.isAllowedInNames) else {
            throw CommandError("--bus-prefix is of letters, digits and . _ - : /, not '\(busPrefix)'")
        }
        return try Checked(
            host: host, port: port, token: token, keysFile: keysFile, tokens: tokens, rateLimit: limit(),
            maxConnections: Settings.number("max-connections", flag: maxConnections, in: 1...100_000, default: 2000),
            auditFile: auditFile ?? Settings.value("audit-file"), publicURL: publicURL(host, port),
            claimBytes: Settings.number("claim-bytes", flag: claimBytes, in: 1024...(64 << 20), default: 256 << 10),
            queueType: queueType,
            pollLimit: Settings.number("poll-limit", flag: pollLimit, in: 1...1000, default: 10), busPrefix: busPrefix,
            adoptBus: adoptBus,
            bundleKeys: (bundleKeysFile ?? Settings.value("bundle-keys-file")).map(BundleSigning.publicKeys) ?? [],
            secretBox: SecretKeys.box(file: settingsKeyFile ?? Settings.value("settings-key-file")),
            stage: stageName(), retention: kept(), drift: driftPolicy())
    }

    private func limit() throws -> Int? {
        guard rateLimit != nil || Settings.value("rate-limit") != nil else { return nil }
        return try Settings.number("rate-limit", flag: rateLimit, in: 1...1_000_000, default: 1)
    }

    /// In names of queues and in the patterns of bindings, where `*` and `#` mean something else.
    private static func isAllowedInNames(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "._-:/".utf8.contains(byte)
    }

    private func driftPolicy() throws -> Reconciliation.DriftPolicy {
        let text = drift ?? Settings.value("drift") ?? Reconciliation.DriftPolicy.report.rawValue
        guard let policy = Reconciliation.DriftPolicy(rawValue: text) else {
            throw CommandError("--drift is report or correct, not '\(text)'")
        }
        return policy
    }

    private func stageName() throws -> String {
        guard let stage = stage ?? Settings.value("stage") else { return "" }
        guard Setting.isName(stage) else { throw CommandError("--stage is a word like prod, not '\(stage)'") }
        return stage
    }

    private func kept() throws -> Duration? {
        guard let text = retention ?? Settings.value("retention") else { return nil }
        guard let duration = CalendarDuration(iso8601: text)?.duration, duration >= .zero else {
            throw CommandError("--retention is a duration such as P90D, not '\(text)'")
        }
        return duration
    }

    private static func token(file: String) throws -> String {
        let text = try InputFile.text(file, of: "the token").trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.utf8.count >= 16 else {
            throw CommandError("--token-file \(file) must hold a token of at least 16 characters")
        }
        return text
    }

    /// Without --public-url, where the API listens; nil where that says nothing to others (any interface, any port).
    private func publicURL(_ host: String, _ port: Int) throws -> String? {
        guard let publicUrl = publicUrl ?? Settings.value("public-url") else {
            if port == 0 || host == "0.0.0.0" || host == "::" { return nil }
            return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
        guard try ServerAddress.read(publicUrl, of: "--public-url").credentials == nil else {
            throw CommandError("--public-url goes to agents: no name and password")
        }
        return publicUrl.replacing(#//+$/#, with: "")
    }

    private static func address(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else {
            throw CommandError("--listen takes HOST:PORT, like 127.0.0.1:8585, not '\(text)'")
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard !host.isEmpty else {
            throw CommandError(
                "--listen takes HOST:PORT: '\(text)' has no host; 0.0.0.0 is every address of this machine")
        }
        return (host, port)
    }
}
