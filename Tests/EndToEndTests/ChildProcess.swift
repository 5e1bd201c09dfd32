import Foundation

/// A process that this test started, by `posix_spawn`.
///
/// Not Foundation's `Process`: on Linux it learns of a child's end by a descriptor that the child's own children inherit, so
/// it waits for a RabbitMQ node that a script has left running.
final class ChildProcess {
    /// Nothing that these tests run takes this long: what does is stuck, and is killed so that the test can say so.
    private static let limit: Duration = .seconds(600)

    private let id: pid_t
    private let log: String
    private var status: Int32?

    /// Runs `program` with the caller's environment and `environment` on top; its output is added to the file `log`.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The threads of this process block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, program, &actions, &attributes, &argv, &envp)
        guard result == 0 else {
            throw Installation.Failure("cannot run \(program): \(String(cString: strerror(result)))")
        }
        id = child
        self.log = log
    }

    /// Sends SIGKILL and waits for the end.
    func kill() {
        guard status == nil else { return }
        Foundation.kill(id, SIGKILL)
        wait()
    }

    /// Sends SIGTERM and waits for the end.
    func terminate() -> Int32 {
        if status == nil { Foundation.kill(id, SIGTERM) }
        return wait()
    }

    /// Waits for the end: the exit status, or 128 and the signal. Kills it if it never comes, and says so in its log.
    @discardableResult
    func wait() -> Int32 {
        let end = ContinuousClock.now.advanced(by: Self.limit)
        while isRunning, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.002) }
        if let status { return status }
        if let file = FileHandle(forWritingAtPath: log) {
            file.seekToEndOfFile()
            file.write(Data("\nthis process was killed by the test: it had not ended after \(Self.limit)\n".utf8))
        }
        Foundation.kill(id, SIGKILL)
        var word: Int32 = 0
        while waitpid(id, &word, 0) == -1, errno == EINTR {}
        return keep(word)
    }

    var isRunning: Bool {
        guard status == nil else { return false }
        var word: Int32 = 0
        guard waitpid(id, &word, WNOHANG) == id else { return true }
        keep(word)
        return false
    }

    @discardableResult
    private func keep(_ word: Int32) -> Int32 {
        let signal = word & 0x7f
        let ended = signal == 0 ? (word >> 8) & 0xff : 128 + signal
        status = ended
        return ended
    }

    /// Resident memory, bytes.
    var residentBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return Int(line.split(separator: " ")[1]).map { $0 * 1024 }
    }
}
