import Foundation
import Glibc

/// Writes files that were named on the command line: whole, or not at all.
enum OutputFile {
    /// A file that is there is replaced at once, and keeps its permissions; what is no file (a device, a pipe) is written into.
    /// - Parameter isPrivate: only its owner may read it.
    static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false) throws {
        guard case .failure(let reason) = put(bytes, path, isPrivate) else { return }
        throw CommandError("cannot write \(path): \(reason)")
    }

    /// Into standard output, for which `-` stands.
    static func writeToStandardOutput(_ bytes: [UInt8]) throws {
        fflush(nil)
        guard case .failure(let reason) = write(bytes, into: STDOUT_FILENO) else { return }
        throw CommandError("cannot write to standard output: \(reason)")
    }

    private static func put(_ bytes: [UInt8], _ path: String, _ isPrivate: Bool) -> Result<Void, InputFile.Reason> {
        if path.isEmpty { return .failure(InputFile.Reason(description: "its name is empty")) }
        let target = target(of: path)
        let known = try? FileManager.default.attributesOfItem(atPath: target)
        switch known?[.type] as? FileAttributeType {
        case .typeDirectory?: return .failure(InputFile.Reason(errno: EISDIR))
        case .typeRegular?, nil:
            let mode = (known?[.posixPermissions] as? NSNumber).map { mode_t($0.uint32Value & 0o7777) }
            return replace(target, bytes, mode: isPrivate ? 0o600 : mode)
        default:
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return .failure(InputFile.Reason(errno: errno)) }
            return finish(write(bytes, into: descriptor), descriptor)
        }
    }

    /// A link stays a link.
    private static func target(of path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// - Parameter mode: nil: as this process makes files.
    private static func replace(
        _ path: String, _ bytes: [UInt8], mode: mode_t?
    ) -> Result<Void, InputFile.Reason> {
        let draft = "\(path).\(UUID().uuidString)"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0 else {
            // The file is to be made: what is not there is its directory.
            let number = errno
            return .failure(
                number == ENOENT
                    ? InputFile.Reason(description: "its directory is not there") : InputFile.Reason(errno: number))
        }
        var result = write(bytes, into: descriptor)
        if case .success = result, fchmod(descriptor, mode ?? mode_t(0o666) & ~mask()) != 0 || fsync(descriptor) != 0 {
            result = .failure(InputFile.Reason(errno: errno))
        }
        result = finish(result, descriptor)
        if case .success = result, rename(draft, path) != 0 { result = .failure(InputFile.Reason(errno: errno)) }
        if case .failure = result { unlink(draft) }
        return result
    }

    private static func mask() -> mode_t {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }

    private static func write(_ bytes: [UInt8], into descriptor: Int32) -> Result<Void, InputFile.Reason> {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return .failure(InputFile.Reason(errno: errno))
            }
        }
        return .success(())
    }

    private static func finish(
        _ result: Result<Void, InputFile.Reason>, _ descriptor: Int32
    ) -> Result<Void, InputFile.Reason> {
        guard close(descriptor) == 0 else {
            if case .success = result { return .failure(InputFile.Reason(errno: errno)) }
            return result
        }
        return result
    }
}
