import Foundation
import Fuzzing

/// Starts a child, watches it, and keeps the input that ended it.
struct FuzzParent {
    let target: FuzzTarget
    let seed: UInt64
    let seconds: Double
    let corpus: String
    /// Where inputs are saved.
    let directory: String

    /// So long may one input take, on a machine with other things to do.
    private static let patience = 30.0
    /// So long may reading the corpus take besides.
    private static let begin = 120.0

    func run() {
        guard let shared = SharedInput() else { return Main.fail("cannot share memory") }
        guard let child = start(shared) else { return Main.fail("cannot start a process for \(target.name)") }
        let status = watch(child, shared)
        guard let trouble = Self.trouble(status) else {
            return print(
                "fuzz \(target.name): \(shared.count) inputs in \(Int(seconds)) s, seed \(seed): nothing found")
        }
        save(shared.input, trouble)
    }

    private func save(_ input: [UInt8], _ trouble: String) {
        let file = "\(directory)/\(target.name)-\(seed)"
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let isSaved = FileManager.default.createFile(atPath: file, contents: Data(input))
        let program = CommandLine.arguments.first ?? "waybill-fuzz"
        Main.fail(
            """
            fuzz \(target.name): \(trouble), seed \(seed)
              input:  \(isSaved ? file : "cannot be saved at \(file)") (\(input.count) bytes)
              replay: \(program) \(target.name) --replay \(file)
            """)
    }

    // MARK: The child

    private func start(_ shared: SharedInput) -> pid_t? {
        let arguments = [
            "/proc/self/exe", target.name, "--seed", "\(seed)", "--seconds", "\(seconds)", "--corpus", corpus,
            "--shared",
            "\(shared.descriptor)",
        ]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            ProcessInfo.processInfo.environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [
                nil
            ]
        defer { for pointer in pointers + environment { free(pointer) } }
        var child: pid_t = 0
        return posix_spawn(&child, "/proc/self/exe", nil, nil, &pointers, &environment) == 0 ? child : nil
    }

    /// Its wait status; nil if it hung and was killed.
    private func watch(_ child: pid_t, _ shared: SharedInput) -> Int32? {
        var count = 0
        var since = ContinuousClock.now
        while true {
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child { return status }
            if shared.count != count {
                count = shared.count
                since = .now
            }
            let patience = count == 0 ? Self.begin : Self.patience
            if ContinuousClock.now > since.advanced(by: .seconds(patience)) {
                kill(child, SIGKILL)
                _ = waitpid(child, &status, 0)
                return nil
            }
            usleep(50_000)
        }
    }

    private static func trouble(_ status: Int32?) -> String? {
        guard let status else { return "hangs" }
        let signal = status & 0x7F
        if signal != 0 { return "crashed with signal \(signal)" }
        let code = (status >> 8) & 0xFF
        return code == 0 ? nil : "a wrong answer, as said above (status \(code))"
    }
}
