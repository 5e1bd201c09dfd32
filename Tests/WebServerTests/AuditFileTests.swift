import Foundation
import Logging
import Services
import ServicesTesting
import Synchronization
import Testing
import Values
import WebServer
import WebServerTesting

/// The audit log on the disk: its chain, and what becomes of it when things break.
@Suite struct AuditFileTests {
    private static func entry(_ number: Int) -> AuditEntry {
        var subject = AuditEntry.Subject()
        subject.instance = "i\(number)"
        return AuditEntry(
            at: Timestamp(millisecondsSinceEpoch: 1_800_000_000_000 + Int64(number)), who: "ci", from: "127.0.0.1",
            right: .start, route: "POST /x", subject: subject, outcome: .done, status: 201)
    }

    private static func open(_ path: String, willWrite: @escaping @Sendable () throws -> Void = {}) throws -> AuditFile
    {
        try AuditFile(path, hash: TestServer.digest, time: WallClock(), willWrite: willWrite)
    }

    private static func verify(_ path: String) throws -> AuditCheck {
        try AuditLines.verify(path, hash: TestServer.digest)
    }

    private static func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// A log of ten lines, changed by `change`, and where it breaks.
    private static func broken(_ change: (inout [String]) -> Void) async throws -> Int? {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try open(path)
            for number in 1...10 { try await file.append(entry(number)) }
            var lines = try lines(path)
            change(&lines)
            try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: false, encoding: .utf8)
            do {
                _ = try verify(path)
                return nil
            } catch let wrong as AuditCheck.Break {
                return wrong.line
            }
        }
    }

    @Test func `lines say what they are, and hang together`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try Self.open(path)
            #expect(file.beginning.lines == 0 && file.beginning.hash == AuditChain.start)
            for number in 1...3 { try await file.append(Self.entry(number)) }
            let lines = try Self.lines(path)
            #expect(
                lines[0]
                    == "{\"line\":1,\"previous\":\"\(AuditChain.start)\",\"at\":\"2027-01-15T08:00:00.001Z\",\"who\":\"ci\","
                    + "\"from\":\"127.0.0.1\",\"right\":\"start\",\"route\":\"POST /x\",\"instance\":\"i1\",\"outcome\":\"done\","
                    + "\"status\":201}")
            #expect(try JSON(validating: lines[1])["previous"]?.stringValue == TestServer.digest(Array(lines[0].utf8)))
            let check = try Self.verify(path)
            #expect(check.count == 3 && check.last == TestServer.digest(Array(lines[2].utf8)) && check.torn == [])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
        }
    }

    @Test func `what was changed, taken out, put in or moved shows at its first line`() async throws {
        #expect(try await Self.broken { _ in } == nil)
        #expect(try await Self.broken { $0[3] = $0[3].replacing("\"ci\"", with: "\"me\"") } == 5)
        #expect(try await Self.broken { $0.remove(at: 3) } == 4)
        #expect(try await Self.broken { $0.removeFirst() } == 1)
        #expect(try await Self.broken { $0.insert($0[3], at: 4) } == 5)
        #expect(try await Self.broken { $0.swapAt(3, 4) } == 4)
        #expect(try await Self.broken { $0[3] = "garbage" } == 4)
        #expect(try await Self.broken { $0[9] = "garbage" } == 10)
        #expect(try await Self.broken { $0.removeLast() } == nil, "only a copy of the last hash shows that")
    }

    @Test func `a line that was noted shows what is missing at the end, and a chain made anew`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try Self.open(path)
            for number in 1...3 { try await file.append(Self.entry(number)) }
            let lines = try Self.lines(path)
            func check(_ line: Int, _ text: String) throws -> AuditCheck {
                let known = AuditCheck.Known("\(line):\(TestServer.digest(Array(text.utf8)))")
                return try AuditLines.verify(path, hash: TestServer.digest, known: known)
            }
            for line in 1...3 { #expect(try check(line, lines[line - 1]).count == 3) }
            let cut = #expect(throws: AuditCheck.Break.self) { try check(4, "x") }
            #expect(cut?.line == 3 && cut?.message.contains("cut off") == true)
            let other = #expect(throws: AuditCheck.Break.self) { try check(3, "another") }
            #expect(other?.line == 3 && other?.message.contains("not the line that was noted") == true)
        }
        for text in ["", "3", "3:", "0:\(AuditChain.start)", "3:abc", "3:\(AuditChain.start):"] {
            #expect(AuditCheck.Known(text) == nil, "\(text)")
        }
    }

    @Test func `a second start goes on with the chain`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            for number in 1...3 {
                let file = try Self.open(path)
                #expect(file.beginning.lines == number - 1)
                try await file.append(Self.entry(number))
            }
            #expect(try Self.verify(path).count == 3)
        }
    }

    @Test(arguments: [5, 60]) func `a torn last line is kept and named`(cut: Int) async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            try await Self.open(path).append(Self.entry(1))
            try await Self.open(path).append(Self.entry(2))
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            try whole.dropLast(cut).write(to: URL(fileURLWithPath: path))
            let torn = try #require(try Self.lines(path).last)
            #expect(throws: AuditCheck.Break.self) { try Self.verify(path) }

            try await Self.open(path).append(Self.entry(3))
            let lines = try Self.lines(path)
            #expect(lines.count == 4 && lines[1] == torn)
            #expect(try JSON(validating: lines[2])["torn"]?.intValue == 2)
            let check = try Self.verify(path)
            #expect(check.count == 4 && check.torn == [2])
        }
    }

    @Test func `a last line that lacks its end alone is whole`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            try await Self.open(path).append(Self.entry(1))
            try Data(contentsOf: URL(fileURLWithPath: path)).dropLast().write(to: URL(fileURLWithPath: path))
            #expect(try Self.verify(path).count == 1)
            try await Self.open(path).append(Self.entry(2))
            #expect(try Self.verify(path).count == 2)
        }
    }

    @Test func `what a full disk did not take is written first when there is room again`() async throws {
        struct Full: Error {}
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let isFull = Mutex(false)
            let file = try Self.open(path) { if isFull.withLock({ $0 }) { throw Full() } }
            try await file.append(Self.entry(1))
            isFull.withLock { $0 = true }
            await #expect(throws: Full.self) { try await file.append(Self.entry(2)) }
            await #expect(throws: Full.self) { try await file.ready() }
            #expect(try Self.verify(path).count == 1)
            isFull.withLock { $0 = false }
            try await file.ready()
            #expect(try Self.verify(path).count == 2)
            try await file.append(Self.entry(3))
            let instances = try Self.lines(path).map { try JSON(validating: $0)["instance"]?.stringValue }
            #expect(instances == ["i1", "i2", "i3"])
            #expect(try Self.verify(path).count == 3)
        }
    }

    @Test func `many at once are one chain`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try Self.open(path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...200 { group.addTask { try await file.append(Self.entry(number)) } }
                try await group.waitForAll()
            }
            #expect(try Self.verify(path).count == 200)
            let seen = Set(try Self.lines(path).compactMap { try JSON(validating: $0)["instance"]?.stringValue })
            #expect(seen.count == 200)
        }
    }

    @Test func `one process writes it, and what is no log is not taken for one`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try Self.open(path)
            #expect(throws: AuditFileError.self) { try Self.open(path) }
            try await file.append(Self.entry(1))
            #expect(throws: AuditFileError.self) { try Self.open(directory.appendingPathComponent("no/audit").path) }
        }
    }

    @Test func `neither log nor audit has a key, a token, a variable or a body`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("audit.jsonl").path
            let file = try Self.open(path)
            let written = Mutex("")
            var log = Logger(label: "test") { _ in Collector { line in written.withLock { $0 += line + "\n" } } }
            log.logLevel = .trace
            try await Keys.run([Keys.key("ops", .admin), Keys.key("eye", .viewer)], audit: file, log: log) { server in
                try await server.deploy(Model.sequence("scan"))
                for name in ["ops", "eye", "S3CRET-stranger"] {
                    let client = Keys.client(server, name)
                    let variables = #"{"variables":{"password":{"value":"S3CRET-value","type":"String"}}}"#
                    let started = try await client.post("/engine-rest/process-definition/key/p/start", variables)
                    let id = started.json.text("id") ?? "none"
                    _ = try await client.put("/v1/instances/\(id)/variables", #"{"password": "S3CRET-value"}"#)
                    _ = try await client.put("/v1/settings/db.password", #"{"value": "S3CRET-value", "secret": true}"#)
                    _ = try await client.post("/v1/config/push", #"{"files": "S3CRET-value"}"#)
                    _ = try await client.get("/v1/instances?businessKey=S3CRET-value")
                }
            }
            let audit = try String(contentsOfFile: path, encoding: .utf8)
            #expect(audit.contains("\"ops\"") && audit.contains("\"denied\""))
            for text in [audit, written.withLock { $0 }] {
                #expect(!text.contains("S3CRET") && !text.contains("wb_") && !text.contains("Bearer wb"))
            }
        }
    }
}

private struct Collector: LogHandler {
    let take: @Sendable (String) -> Void
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { take("\(event.message) \(event.metadata ?? [:])") }
}
