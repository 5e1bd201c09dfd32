import Glibc
package import Services

/// The lines of an audit log as they are on the disk.
package enum AuditLines {
    /// Lines are a few hundred bytes; what is longer is none of ours.
    private static let longest = 1 << 20

    /// Reads a file line by line and checks its chain. Throws `AuditCheck.Break` with the first line that is wrong.
    package static func verify(
        _ path: String, hash: @escaping AuditChain.Hash, known: AuditCheck.Known? = nil
    ) throws -> AuditCheck {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw AuditFileError(path: path, what: "cannot be opened") }
        defer { close(file) }
        var check = AuditCheck(hash: hash, known: known)
        let end = try read(file, path) { try check.take($0) }
        if !end.isClosed { try check.take(end.last) }
        try check.finish()
        return check
    }

    /// How many lines a file has, one that is broken off too, and the last of them.
    static func end(of file: Int32, _ path: String) throws -> (count: Int, last: [UInt8], isClosed: Bool) {
        var (count, last): (Int, [UInt8]) = (0, [])
        let end = try read(file, path) { line in
            count += 1
            last = line
        }
        return end.isClosed ? (count, last, true) : (count + 1, end.last, false)
    }

    /// Gives each line that has its line feed to `take`; answers what is left behind the last one.
    private static func read(
        _ file: Int32, _ path: String, _ take: ([UInt8]) throws -> Void
    ) throws -> (last: [UInt8], isClosed: Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var line: [UInt8] = []
        guard lseek(file, 0, SEEK_SET) == 0 else { throw AuditFileError(path: path, what: "cannot be read") }
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw AuditFileError(path: path, what: "cannot be read") }
            if count == 0 { return (line, line.isEmpty) }
            var rest = buffer[..<count]
            while let feed = rest.firstIndex(of: UInt8(ascii: "\n")) {
                try take(line + rest[..<feed])
                line = []
                rest = rest[(feed + 1)...]
            }
            line += rest
            guard line.count <= longest else {
                errno = EFBIG
                throw AuditFileError(path: path, what: "has a line that is no line of an audit log")
            }
        }
    }
}
