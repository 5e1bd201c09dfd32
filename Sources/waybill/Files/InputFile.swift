import Foundation
import Glibc

/// Reads files that were named on the command line, and says of what cannot be read why not.
enum InputFile {
    /// - Parameter what: what it was to hold, for the message: "the keys for secrets".
    /// - Parameter takesStandardInput: whether `-` means that.
    static func bytes(_ path: String, of what: String? = nil, takesStandardInput: Bool = false) throws -> [UInt8] {
        if takesStandardInput, path == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        switch read(path) {
        case .success(let bytes): return bytes
        case .failure(let reason):
            throw CommandError("cannot read \(what.map { "\($0) from " } ?? "")\(path): \(reason)")
        }
    }

    static func text(_ path: String, of what: String? = nil, takesStandardInput: Bool = false) throws -> String {
        let bytes = try bytes(path, of: what, takesStandardInput: takesStandardInput)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError("cannot read \(what.map { "\($0) from " } ?? "")\(path): \(Reason.notText)")
        }
        return text
    }

    /// Why a file cannot be read or written, in words.
    struct Reason: Error, CustomStringConvertible {
        static let notText = Reason(description: "it is not UTF-8 text")

        let description: String
        /// There is none of this name.
        var isMissing = false

        init(description: String) {
            self.description = description
        }

        init(errno number: Int32) {
            isMissing = number == ENOENT
            description =
                switch number {
                case ENOENT: "there is no such file"
                case EISDIR: "it is a directory"
                case ENOTDIR: "a part of its path is no directory"
                case EACCES, EPERM: "that is not permitted"
                case ENOSPC: "there is no space left"
                default: String(cString: strerror(number))
                }
        }
    }

    static func read(_ path: String) -> Result<[UInt8], Reason> {
        if path.isEmpty { return .failure(Reason(description: "its name is empty")) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Reason(errno: errno)) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count == 0 { return .success(bytes) }
            if count > 0 {
                bytes += part[..<count]
            } else if errno != EINTR {
                return .failure(Reason(errno: errno))
            }
        }
    }
}
