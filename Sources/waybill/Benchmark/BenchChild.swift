import Foundation
import Subprocess
import SystemPackage

/// A process of this program that the bench started. It ends with the scope that it was made for, whatever happens in there.
struct BenchChild: Sendable {
    let id: pid_t
    private let logFile: String

    /// Runs this program with `arguments` while `body` runs, then asks it to end; answers what `body` did and what the child
    /// printed on standard output. Both its streams go to files in `folder`.
    static func run<Answer: Sendable>(
        _ name: String, _ arguments: [String], folder: String, body: @Sendable (BenchChild) async throws -> Answer
    ) async throws -> (answer: Answer, output: String) {
        let (output, log) = ("\(folder)/\(name).out", "\(folder)/\(name).log")
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))]
        let configuration = Configuration(
            executable: .path(FilePath(Self.program)), arguments: Arguments(arguments),
            environment: .inherit.updating(Self.unset), workingDirectory: FilePath(folder), platformOptions: options)
        let result = try await Subprocess.run(
            configuration, input: .none,
            output: .fileDescriptor(try open(output), closeAfterSpawningProcess: true),
            error: .fileDescriptor(try open(log), closeAfterSpawningProcess: true)
        ) { execution in
            let child = BenchChild(id: execution.processIdentifier.value, logFile: log)
            let answer = try await body(child)
            guard child.isRunning else {
                throw CommandError("\(name) ended by itself; its log ends with\n\(child.logTail)")
            }
            await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))])
            return answer
        }
        guard case .exited(0) = result.terminationStatus else {
            let tail = BenchChild(id: 0, logFile: log).logTail
            throw CommandError("\(name) ended with \(result.terminationStatus); its log ends with\n\(tail)")
        }
        return (result.closureResult, (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
    }

    /// One that has ended and was not waited for has no memory.
    var isRunning: Bool { ProcessUsage.residentBytes(of: id) != nil }

    var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    var logTail: String { log.split(separator: "\n").suffix(15).joined(separator: "\n") }

    /// This program, by its own name: a copy that was replaced meanwhile would be another one.
    private static let program =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]

    /// The settings of whoever runs the bench are not the children's; the address of the bus is.
    private static var unset: [Environment.Key: String?] {
        var unset: [Environment.Key: String?] = [:]
        for name in ProcessInfo.processInfo.environment.keys
        where name.hasPrefix("WAYBILL_") && name != "WAYBILL_AMQP_URL" {
            unset[Environment.Key(stringLiteral: name)] = .some(nil)
        }
        return unset
    }

    private static func open(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(
            path, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
    }
}
