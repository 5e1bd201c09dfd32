import Glibc
package import Logging
package import Services
import Synchronization

/// The file of keys: read at the start, and again whenever it has changed, so that a key taken out of it opens nothing any more.
///
/// A file that cannot be read, or has a mistake, is told about once, and the keys before it stay in force.
package final class KeysFile: Sendable {
    /// Reads keys, or throws `Diagnostics`; the YAML adapter, given by the wiring.
    package typealias Reader = @Sendable (_ bytes: [UInt8], _ file: String) throws -> KeyRing

    private struct State {
        var ring: KeyRing
        /// What was read last, be it good or bad; nil: the file could not be read.
        var bytes: [UInt8]?
    }

    private let path: String
    private let read: Reader
    private let log: Logger
    private let state: Mutex<State>

    /// Throws `Diagnostics`, or `KeysFileError` if there is no such file.
    package init(_ path: String, log: Logger, read: @escaping Reader) throws {
        self.path = path
        self.log = log
        self.read = read
        guard let bytes = Self.contents(of: path) else { throw KeysFileError(path: path) }
        state = Mutex(State(ring: try read(bytes, path), bytes: bytes))
    }

    /// The keys that are in force now. The file is read each time: it is small, and its times may lie.
    package var ring: KeyRing {
        state.withLock { state in
            let bytes = Self.contents(of: path)
            guard bytes != state.bytes else { return state.ring }
            state.bytes = bytes
            guard let bytes else {
                log.error("\(path) cannot be read; the keys that it had stay in force")
                return state.ring
            }
            do {
                state.ring = try read(bytes, path)
                log.notice("\(path) has changed: \(state.ring.keys.count) keys are in force")
            } catch {
                log.error("\(path) has changed and is not sound; the keys before stay in force: \(error)")
            }
            return state.ring
        }
    }

    private static func contents(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            // The reader of keys takes no more than this, and says so.
            if bytes.count > 2 << 20 { return bytes }
        }
    }
}

package struct KeysFileError: Error, CustomStringConvertible {
    let path: String
    package var description: String { "the file of keys \(path) cannot be read" }
}
