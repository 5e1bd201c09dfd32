package import ProcessEngine
package import Values

/// A contract: what a task, workflow or decision takes, gives and may fail with, and under which policies it is run.
///
/// A value of this type is sound: its name and version are well formed, its schemas compile, its examples fit them.
package struct Contract: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable { case task, workflow, decision }

    package var kind: Kind
    package var name: String
    package var version: ContractVersion
    /// Where its file says what.
    package var places = Places()
    package var title: String?
    package var description: String?
    package var categories: [String]
    /// JSON Schema 2020-12 of the input, an object.
    package var input: JSON
    /// JSON Schema 2020-12 of the output, an object.
    package var output: JSON
    package var errors: [DeclaredError]
    package var events: [DeclaredEvent]
    package var retry: Retry
    /// How long one attempt may run.
    package var timeout: Duration
    /// The longest silence of a running attempt; nil: it need not report before `timeout`.
    package var heartbeat: Duration?
    /// How many attempts may be out at once; nil = no limit.
    package var concurrency: Int?
    package var priority: Int
    /// Of a workflow: how long an instance is kept after its end; nil: the model, or the server, says.
    package var retention: Duration?
    /// The names of the settings that the agent gets with each task.
    package var settings: [String] = []
    /// The names of the secrets among them.
    package var secrets: [String]
    package var examples: [Example]
    /// Of a workflow: the id of its BPMN process.
    package var process: String?
    /// Of a workflow: the name of the input that the monitor shows.
    package var objectId: String?
    /// Of a workflow: whether two running instances may have the same business key.
    package var isBusinessKeyUnique = false
    /// Of a decision: the id of its DMN decision; nil: that is the contract's name.
    package var decision: String?

    /// Places in a file are no part of what a contract says: contracts are equal wherever they are written.
    package struct Places: Sendable, Hashable {
        /// By JSON Pointer; empty for what was not read from a file.
        package var positions: [String: SourcePosition] = [:]

        /// The place of a part, or of the nearest around it, or of the version for what the file does not have.
        package func position(of pointer: String) -> SourcePosition {
            var pointer = pointer[...]
            while !pointer.isEmpty {
                if let position = positions[String(pointer)] { return position }
                pointer = pointer[..<(pointer.lastIndex(of: "/") ?? pointer.startIndex)]
            }
            return positions["/version"] ?? SourcePosition(line: 0, column: 0)
        }

        package static func == (left: Self, right: Self) -> Bool { true }
        package func hash(into hasher: inout Hasher) {}
    }

    /// A BPMN error the task may end with.
    package struct DeclaredError: Sendable, Hashable {
        package var code: String
        package var description: String?
        package init(code: String, description: String? = nil) {
            self.code = code
            self.description = description
        }
    }

    /// An event a running attempt may report.
    package struct DeclaredEvent: Sendable, Hashable {
        package var name: String
        package var description: String?
        /// Whether it ends the attempt; nil if that is for the BPMN to say.
        package var interrupting: Bool?
        /// JSON Schema of what comes with it.
        package var payload: JSON?
        package init(name: String, description: String? = nil, interrupting: Bool? = nil, payload: JSON? = nil) {
            self.name = name
            self.description = description
            self.interrupting = interrupting
            self.payload = payload
        }
    }

    package struct Retry: Sendable, Hashable {
        package var maxAttempts: Int
        package var backoff: Duration
        package var multiplier: Double
        package var maxBackoff: Duration
        package init(
            maxAttempts: Int = 3, backoff: Duration = .seconds(10), multiplier: Double = 2,
            maxBackoff: Duration = .seconds(300)
        ) {
            self.maxAttempts = maxAttempts
            self.backoff = backoff
            self.multiplier = multiplier
            self.maxBackoff = maxBackoff
        }
    }

    package struct Example: Sendable, Hashable {
        package var title: String?
        package var input: JSON?
        package var output: JSON?
        package init(title: String? = nil, input: JSON? = nil, output: JSON? = nil) {
            self.title = title
            self.input = input
            self.output = output
        }
    }

    /// Name and major version: what a service task asks for.
    package var key: ContractKey { ContractKey(name: name, major: version.major) }

    /// The id of the DMN decision of a decision contract; nil for other kinds.
    package var decisionID: String? { kind == .decision ? decision ?? name : nil }

    /// `media.transcode@2.1`.
    package var reference: String { "\(name)@\(version)" }

    /// The settings and secrets that its tasks get, each once.
    package var settingNames: [String] { settings + secrets.filter { !settings.contains($0) } }

    /// What the engine and the broker keep of it.
    package var policy: TaskPolicy {
        TaskPolicy(
            version: version.description, maxAttempts: retry.maxAttempts, backoff: retry.backoff,
            multiplier: retry.multiplier,
            maxBackoff: retry.maxBackoff, timeout: timeout, heartbeat: heartbeat, priority: priority,
            concurrency: concurrency, settings: settingNames)
    }
}

extension Contract {
    /// Lower-case words with digits and hyphens, joined by dots, at most 100 characters: `media.transcode`.
    package static func isName(_ text: String) -> Bool {
        guard (1...100).contains(text.utf8.count), let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy {
                    isLetter($0) || $0 == UInt8(ascii: "-") || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
                }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }

    /// Reads a reference to a contract: `media.transcode@2.1`, `media.transcode@2`, `media.transcode@latest` or the name alone.
    /// Answers nil if it is none of these.
    package static func parseReference(_ text: String) -> (name: String, wanted: Wanted)? {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, isName(String(first)) else { return nil }
        let name = String(first)
        guard parts.count == 2 else { return (name, .latest) }
        let version = String(parts[1])
        if version == "latest" { return (name, .latest) }
        if let exact = ContractVersion(version) { return (name, .exactly(exact)) }
        guard let major = ContractVersion(version + ".0")?.major else { return nil }
        return (name, .newest(ofMajor: major))
    }

    /// Which version somebody asks for.
    package enum Wanted: Sendable, Hashable {
        case latest
        case newest(ofMajor: Int)
        case exactly(ContractVersion)
    }
}
