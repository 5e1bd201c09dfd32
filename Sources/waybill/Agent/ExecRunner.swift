import Foundation
package import Logging
package import Services
import Subprocess
import SystemPackage
import Values
package import WaybillAgent

/// Does each task by running a program.
///
/// The program gets the input as JSON on stdin and prints the output, a JSON object, on stdout. The settings that the contract names
/// are in its environment, as a JSON object in `WAYBILL_SETTINGS`. On stderr, a line
///
/// - `waybill:progress 0.5 message` reports progress,
/// - `waybill:event name {"any": "json"}` raises an event of the contract,
/// - `waybill:error CODE message` names a BPMN error of the contract, which counts if the program then fails,
///
/// and everything else is log text. Exit statuses as in `sysexits.h`:
///
/// | status | means |
/// |---|---|
/// | 0 | done |
/// | 10 | the BPMN error that was named |
/// | 64, 65 | the input is wrong: failed, no retry |
/// | 75 | a passing trouble: failed, retry |
/// | other, or a signal | the BPMN error if one was named; else failed, retry by the contract's policy |
///
/// When the task is cancelled, the program and what it started get SIGTERM, and SIGKILL ten seconds later.
package struct ExecRunner: Sendable {
    private let executable: Executable
    private let arguments: [String]
    private let outputLimit: Int
    private let logger: Logger
    private let program: String
    /// Fires when the program cannot be found any more. The tasks it was meant for wait to be cancelled, and are not failed:
    /// an agent without its program must not spend the attempts of the work.
    package let missing = Signal()

    /// - Parameter command: The program, by path or by name, and its arguments. Not empty.
    /// - Throws: `CommandError` if there is no such program.
    package init(command: [String], outputLimit: Int = 16 << 20, logger: Logger) throws {
        precondition(!command.isEmpty, "a command has at least a program")
        program = command[0]
        guard Self.isRunnable(program) else {
            throw CommandError(Self.reason(program))
        }
        executable = command[0].contains("/") ? .path(FilePath(command[0])) : .name(command[0])
        arguments = Array(command.dropFirst())
        self.outputLimit = outputLimit
        self.logger = logger
        // A program that ends without reading its input must not end this one.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Why it cannot be run.
    private static func reason(_ program: String) -> String {
        guard program.contains("/") else {
            return "there is no program \(program) in PATH; a program of this directory is ./\(program)"
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: program, isDirectory: &isDirectory) else {
            return "there is no program \(program)"
        }
        return isDirectory.boolValue
            ? "\(program) is a directory, and no program" : "\(program) may not be run: chmod +x \(program)"
    }

    /// The handler for `Agent.serve(_:prefetch:rawHandler:)`.
    package func run(_ input: [UInt8], _ task: AgentTask) async throws -> [UInt8] {
        let listener = ExecListener(task: task, logger: logger)
        do {
            let result = try await Subprocess.run(
                configuration(for: task), input: .inputWriter, output: .bytes(limit: outputLimit), error: .sequence
            ) { execution in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        // What the program does not want to read is its own affair.
                        _ = try? await execution.standardInputWriter.write(input)
                        try? await execution.standardInputWriter.finish()
                    }
                    var lines = LineSplitter(limit: 1 << 20)
                    for try await buffer in execution.standardError {
                        let bytes = buffer.withUnsafeBytes { Array($0) }
                        for line in lines.split(bytes) { await listener.heard(line) }
                    }
                    if let line = lines.rest { await listener.heard(line) }
                    try await group.waitForAll()
                }
            }
            try Task.checkCancellation()
            try await listener.check(result.terminationStatus)
            return result.standardOutput.allSatisfy(\.isWhiteSpace) ? Array("{}".utf8) : result.standardOutput
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            if !Self.isRunnable(program) {
                missing.fire()
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                throw CancellationError()
            }
            throw Self.failure(of: error, outputLimit: outputLimit)
        }
    }

    private func configuration(for task: AgentTask) -> Subprocess.Configuration {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(10))
        ]
        return Subprocess.Configuration(
            executable: executable, arguments: Arguments(arguments),
            environment: .inherit.updating([
                "WAYBILL_TASK": task.id, "WAYBILL_ATTEMPT": String(task.attempt), "WAYBILL_CONTRACT": task.contract,
                "WAYBILL_INSTANCE": task.instance, "TRACEPARENT": task.traceparent,
                "WAYBILL_CORRELATION_ID": task.correlationID, "WAYBILL_RUN_AS": task.runAs,
                "WAYBILL_HEADERS": task.headers.isEmpty ? nil : Self.object(task.headers),
                "WAYBILL_SETTINGS": task.settings.isEmpty ? nil : Self.object(task.settings),
            ]),
            platformOptions: options)
    }

    private static func object(_ headers: [String: String]) -> String {
        JSON.object(headers.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }).text
    }

    private static func object(_ settings: [String: [UInt8]]) -> String? {
        let members = settings.sorted { $0.key < $1.key }.compactMap { name, bytes in
            (try? JSON(validating: bytes)).map { (name: name, value: $0) }
        }
        return JSON.object(members).text
    }

    /// Whether there is such a program now: at a path, or by name in PATH.
    private static func isRunnable(_ program: String) -> Bool {
        let paths =
            program.contains("/")
            ? [program]
            : (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map {
                "\($0)/\(program)"
            }
        return paths.contains { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
                && FileManager.default.isExecutableFile(atPath: path)
        }
    }

    private static func failure(of error: SubprocessError, outputLimit: Int) -> TaskError {
        switch error.code {
        case .outputLimitExceeded:
            .failure("the program printed more than \(outputLimit) bytes of output", retry: false)
        case .spawnFailed: .failure("the program cannot be started: \(error)")
        default:
            .failure("the program could not be run: \(error)")
        }
    }
}

/// Listens to one program's stderr, and judges its end.
private actor ExecListener {
    private let task: AgentTask
    private let logger: Logger
    /// The texts among the task's settings: what a program prints goes to logs, incidents and the index, and they may be secret.
    private let settings: [(name: String, text: String)]
    private var error: (code: String, message: String?)?
    private var lastLines: [String] = []

    init(task: AgentTask, logger: Logger) {
        self.task = task
        settings = task.settings.keys.compactMap { name in
            task.setting(name).flatMap { $0.count >= 4 ? (name, $0) : nil }
        }.sorted { $0.text.utf8.count > $1.text.utf8.count }
        var logger = logger
        logger[metadataKey: "task"] = "\(task.id)"
        logger[metadataKey: "attempt"] = "\(task.attempt)"
        self.logger = logger
    }

    func heard(_ line: String) async {
        let line = settings.reduce(line) { $0.replacing($1.text, with: "[setting \($1.name)]") }
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        let rest = parts.count > 2 ? parts[2] : nil
        switch parts.first {
        case "waybill:progress":
            let fraction = parts.count > 1 ? Double(parts[1]) : nil
            let isFraction = fraction.map { (0...1).contains($0) } ?? false
            if !isFraction { logger.warning("progress is a number from 0 to 1", metadata: ["line": "\(line)"]) }
            try? await task.progress(isFraction ? fraction : nil, rest)
        case "waybill:event" where parts.count > 1:
            do {
                try await task.event(parts[1], json: Array((rest ?? "null").utf8))
            } catch {
                logger.warning("the event was not sent", metadata: ["line": "\(line)", "error": "\(error)"])
            }
        case "waybill:error" where parts.count > 1 && !parts[1].isEmpty:
            error = (parts[1], rest)
        default:
            logger.info("\(line)")
            lastLines.append(line)
            if lastLines.count > 40 { lastLines.removeFirst() }
        }
    }

    /// Throws unless the program did its work.
    func check(_ status: TerminationStatus) throws {
        let details = lastLines.isEmpty ? nil : lastLines.joined(separator: "\n")
        let reason = lastLines.last ?? "the program said nothing"
        switch status {
        case .exited(0):
            if let error { logger.warning("exit status 0 in spite of waybill:error \(error.code)") }
        case .exited(64), .exited(65):
            throw TaskError.failure("the program does not take the input: \(reason)", details: details, retry: false)
        case .exited(75):
            throw TaskError.failure("not now: \(reason)", details: details)
        case .exited(let code):
            if let error { throw TaskError.bpmn(code: error.code, message: error.message) }
            if code == 10 {
                throw TaskError.failure(
                    "exit status 10 without a line waybill:error CODE on stderr", details: details, retry: false)
            }
            throw TaskError.failure("exit status \(code): \(reason)", details: details)
        case .signaled(let signal):
            throw TaskError.failure("the program was ended by signal \(signal)", details: details)
        }
    }
}

/// Makes lines of bytes as they come; the end of a line that is too long is dropped.
private struct LineSplitter {
    let limit: Int
    private var line: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func split(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(text)
                line.removeAll(keepingCapacity: true)
            } else if line.count < limit {
                line.append(byte)
            }
        }
        return lines.filter { !$0.isEmpty }
    }

    /// What came after the last line break.
    var rest: String? { line.isEmpty ? nil : text }

    private var text: String {
        String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r")
            || self == UInt8(ascii: "\t")
    }
}
