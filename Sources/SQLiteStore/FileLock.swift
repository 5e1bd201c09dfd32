import Glibc
import Services
import Synchronization

/// The hold of one process on a store: an advisory lock on `<file>.lock`, which names the process. The kernel drops it
/// when the process ends, however it ends.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    init(forStoreAt path: String) throws(StoreError) {
        let lockPath = path + ".lock"
        let descriptor = Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(
                .unavailable, "cannot open \(lockPath): \(Self.reason(errno)); check the directory and its rights")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.holder(descriptor)
            Glibc.close(descriptor)
            guard code == EWOULDBLOCK else {
                throw StoreError(.unavailable, "cannot lock \(lockPath): \(Self.reason(code)); use a local file system")
            }
            throw StoreError(
                .inUse,
                "\(path) is in use by process \(holder ?? "unknown"); stop it, or give this one a file of its own")
        }
        Self.write(holder: getpid(), to: descriptor)
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        let held = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        // The file stays: removing it would let two processes lock two files of one name.
        if let held { Glibc.close(held) }
    }

    private static func write(holder: pid_t, to descriptor: Int32) {
        let text = Array("\(holder)\n".utf8)
        // Only a courtesy to the next process's message, so that a failure changes nothing.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    private static func holder(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let digits = bytes.prefix(count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }

    private static func reason(_ code: Int32) -> String {
        "\(String(cString: strerror(code))) (errno \(code))"
    }
}
