import Dispatch
import Glibc
package import Services
import Synchronization
import Values

/// The audit log in a file: lines are added at its end, and synced to the disk before anybody is answered.
///
/// Requests at the same moment share one write and one sync. What could not be written is kept, in order, and written first when the
/// file takes lines again; until then `ready` throws.
package final class AuditFile: AuditLog {
    /// Entries that could not be written, at most: those of the requests that were under way when the disk became full.
    private static let keptLimit = 10_000

    private typealias Waiter = (entry: AuditEntry?, done: CheckedContinuation<Void, any Error>)

    private let queue = DispatchQueue(label: "waybill.audit")
    private let waiting = Mutex<[Waiter]>([])
    private let writer: Writer

    /// Goes on behind what the file has. A last line that was broken off stays, and the next one names it.
    ///
    /// - Parameters:
    ///   - hash: SHA-256, hexadecimal.
    ///   - willWrite: may throw in the place of the disk.
    package init(
        _ path: String, hash: @escaping AuditChain.Hash, time: any TimeSource,
        willWrite: @escaping @Sendable () throws -> Void = {}
    ) throws {
        writer = try Writer(path, hash: hash, time: time, willWrite: willWrite)
    }

    /// How many lines there were at the start, and the hash of the last: a copy of it elsewhere proves that none was taken away.
    package var beginning: (lines: Int, hash: String) { writer.beginning }

    package func ready() async throws { try await write(nil) }

    package func append(_ entry: AuditEntry) async throws { try await write(entry) }

    private func write(_ entry: AuditEntry?) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            waiting.withLock { $0.append((entry, done)) }
            queue.async { self.drain() }
        }
    }

    /// On the queue. Another call may have done the work of this one.
    private func drain() {
        let batch = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !batch.isEmpty else { return }
        let outcome = Result { try writer.write(batch.compactMap(\.entry), keeping: Self.keptLimit) }
        for waiter in batch { waiter.done.resume(with: outcome) }
    }

    /// The descriptor and the chain. `@unchecked Sendable`: after `init` it is used on the queue alone.
    private final class Writer: @unchecked Sendable {
        let beginning: (lines: Int, hash: String)
        private let descriptor: Descriptor
        private let path: String
        private let willWrite: @Sendable () throws -> Void
        private var chain: AuditChain
        private var kept: [AuditEntry] = []

        init(
            _ path: String, hash: @escaping AuditChain.Hash, time: any TimeSource,
            willWrite: @escaping @Sendable () throws -> Void
        ) throws {
            let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw AuditFileError(path: path, what: "cannot be opened") }
            descriptor = Descriptor(file)
            self.path = path
            self.willWrite = willWrite
            try Self.lock(file, path)
            let end = try AuditLines.end(of: file, path)
            let begun = AuditChain(after: end.count, lines: end.last, hash: hash)
            chain = begun
            beginning = (begun.count, begun.last)
            guard !end.isClosed else { return }
            var mending: [UInt8] = [UInt8(ascii: "\n")]
            if !AuditChain.isWhole(end.last) { mending += chain.appendTorn(at: time.now) }
            try put(mending)
        }

        /// One process at a time adds lines. The one before may be a moment from its end.
        private static func lock(_ file: Int32, _ path: String) throws {
            for _ in 0..<50 {
                if flock(file, LOCK_EX | LOCK_NB) == 0 { return }
                usleep(20_000)
            }
            throw AuditFileError(path: path, what: "is written by another process")
        }

        func write(_ entries: [AuditEntry], keeping limit: Int) throws {
            let all = kept + entries
            guard !all.isEmpty else { return }
            let before = chain
            do {
                var lines: [UInt8] = []
                for entry in all { lines += chain.append(entry) }
                try put(lines)
                kept = []
            } catch {
                chain = before
                kept = Array(all.suffix(limit))
                throw error
            }
        }

        /// All or nothing: what was written of lines that did not fit is taken back.
        private func put(_ bytes: [UInt8]) throws {
            try willWrite()
            let file = descriptor.number
            let size = lseek(file, 0, SEEK_END)
            guard size >= 0 else { throw AuditFileError(path: path, what: "cannot be written") }
            do {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw AuditFileError(path: path, what: "cannot be written") }
                    rest = rest.dropFirst(count)
                }
                guard fdatasync(file) == 0 else { throw AuditFileError(path: path, what: "cannot be synced") }
            } catch {
                guard ftruncate(file, size) == 0 else {
                    throw AuditFileError(path: path, what: "cannot be written, nor cut back to its whole lines")
                }
                throw error
            }
        }
    }
}

/// Closes the file with its last owner.
private final class Descriptor {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit { close(number) }
}

package struct AuditFileError: Error, CustomStringConvertible {
    package let description: String

    /// With the system's word for it.
    init(path: String, what: String) {
        description = "the audit log \(path) \(what): \(String(cString: strerror(errno)))"
    }
}
