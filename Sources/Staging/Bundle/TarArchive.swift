/// Tar archives of the plainest kind (POSIX ustar, regular files, no times, no owners): the same files make the same bytes, and any `tar`
/// lists them.
package enum TarArchive {
    package struct File: Sendable, Hashable {
        package var path: String
        package var bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    package struct Limits: Sendable, Hashable {
        package var bytes = 256 << 20
        package var fileBytes = 16 << 20
        package var files = 50_000
        package init() {}
    }

    private static let block = 512

    /// Paths are ASCII of at most 100 bytes.
    package static func write(_ files: [File]) -> [UInt8] {
        var archive: [UInt8] = []
        archive.reserveCapacity(files.reduce(2 * block) { $0 + $1.bytes.count + 2 * block })
        for file in files {
            precondition(isPath(file.path), "our own paths are plain and short")
            archive += header(of: file)
            archive += file.bytes
            archive += padding(file.bytes.count)
        }
        archive += [UInt8](repeating: 0, count: 2 * block)
        return archive
    }

    /// The files of an archive that `write` could have written. Throws what is wrong with any other.
    package static func read(_ archive: [UInt8], limits: Limits = Limits()) throws(BundleError) -> [File] {
        guard archive.count <= limits.bytes else {
            throw BundleError("the bundle has \(archive.count) bytes; at most \(limits.bytes) are read")
        }
        guard archive.count % block == 0 else { throw BundleError("the bundle is cut off, or no bundle") }
        var files: [File] = []
        var names: Set<String> = []
        var position = 0
        while position + block <= archive.count {
            let header = archive[position..<position + block]
            position += block
            if header.allSatisfy({ $0 == 0 }) {
                guard archive[position...].allSatisfy({ $0 == 0 }) else {
                    throw BundleError("something follows the end of the bundle")
                }
                return files
            }
            let (path, size) = try entry(header)
            guard names.insert(path).inserted else { throw BundleError("the bundle has \(path) twice") }
            guard size <= limits.fileBytes else {
                throw BundleError("\(path) has \(size) bytes; at most \(limits.fileBytes) are read")
            }
            guard files.count < limits.files else { throw BundleError("the bundle has over \(limits.files) files") }
            guard position + size + padding(size).count <= archive.count else {
                throw BundleError("the bundle is cut off in \(path)")
            }
            let bytes = Array(archive[position..<position + size])
            let end = position + size + padding(size).count
            guard archive[position + size..<end].allSatisfy({ $0 == 0 }) else {
                throw BundleError("the bundle is damaged behind \(path)")
            }
            position = end
            guard Self.header(of: File(path: path, bytes: bytes))[...].elementsEqual(header) else {
                throw BundleError("the bundle is damaged before \(path)")
            }
            files.append(File(path: path, bytes: bytes))
        }
        throw BundleError("the bundle is cut off, or no bundle")
    }

    /// Words of letters, digits, dots and hyphens, joined by slashes; none begins with a dot.
    private static func isPath(_ path: String) -> Bool {
        (1...100).contains(path.utf8.count)
            && path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { word in
                word.first.map { $0 != UInt8(ascii: ".") } == true
                    && word.allSatisfy { byte in
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                    }
            }
    }

    private static func header(of file: File) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        put(file.path, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(file.bytes.count, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(sum(header[...]), digits: 6) + "\0 ", at: 148)
        return header
    }

    private static func entry(_ header: ArraySlice<UInt8>) throws(BundleError) -> (path: String, size: Int) {
        let bytes = Array(header)
        var unsummed = bytes
        unsummed.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
        guard bytes[257..<262].elementsEqual("ustar".utf8), number(bytes[148..<154]) == sum(unsummed[...]) else {
            throw BundleError("the bundle is damaged, or no bundle")
        }
        let path = String(decoding: bytes[0..<100].prefix { $0 != 0 }, as: UTF8.self)
        guard bytes[156] == UInt8(ascii: "0"), isPath(path), bytes[345..<500].allSatisfy({ $0 == 0 }),
            let size = number(bytes[124..<135])
        else { throw BundleError("the bundle has an entry that is no plain file") }
        return (path, size)
    }

    private static func sum(_ header: ArraySlice<UInt8>) -> Int { header.reduce(0) { $0 + Int($1) } }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 8 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func padding(_ count: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (block - count % block) % block)
    }
}

/// Why bytes are no bundle that can be taken.
package struct BundleError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
