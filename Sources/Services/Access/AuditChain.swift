package import Values

/// The lines of an audit log. Each names its own number and the SHA-256 of the line before it, so that a line that was changed, taken
/// out or put in shows at the next one. What is missing at the end does not
/// show but by a line that was noted elsewhere (`AuditCheck.Known`).
package struct AuditChain: Sendable {
    package typealias Hash = @Sendable ([UInt8]) -> String

    package static let start = String(repeating: "0", count: 64)

    /// Lines so far, torn ones too.
    package private(set) var count: Int
    /// Of the last line, without its line feed.
    package private(set) var last: String
    private let hash: Hash

    /// - Parameter hash: SHA-256, hexadecimal.
    package init(hash: @escaping Hash) {
        count = 0
        last = Self.start
        self.hash = hash
    }

    /// The chain behind `count` lines, of which this was the last.
    package init(after count: Int, lines last: [UInt8], hash: @escaping Hash) {
        self.count = count
        self.last = count == 0 ? Self.start : hash(last)
        self.hash = hash
    }

    /// The next line, with its line feed.
    package mutating func append(_ entry: AuditEntry) -> [UInt8] {
        append { entry.write(to: &$0) }
    }

    /// Says that the line before was broken off, by a crash or a full disk, and has been left as it was.
    package mutating func appendTorn(at time: Timestamp) -> [UInt8] {
        let torn = count
        return append { writer in
            writer.key("at")
            writer.string(time.iso8601)
            writer.key("torn")
            writer.int(torn)
        }
    }

    private mutating func append(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("line")
        writer.int(count + 1)
        writer.key("previous")
        writer.string(last)
        write(&writer)
        writer.endObject()
        count += 1
        last = hash(writer.bytes)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Whether a line is whole, so that it only lacks its line feed.
    package static func isWhole(_ line: [UInt8]) -> Bool {
        (try? JSON(validating: line))?.isObject ?? false
    }
}

/// Checks a chain, line after line.
package struct AuditCheck: Sendable {
    /// A line that somebody has noted elsewhere: what is missing at the end shows by it, and so does a chain that was made anew.
    package struct Known: Sendable, Hashable {
        package var line: Int
        package var hash: String

        /// `LINE:SHA256`, as a server logs it and as a check prints it. Nil for another text.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let line = Int(parts[0]), line > 0, Hex.bytes(parts[1].lowercased())?.count == 32
            else { return nil }
            self.line = line
            hash = parts[1].lowercased()
        }
    }

    /// The first line that is wrong.
    package struct Break: Error, Sendable, Hashable {
        package var line: Int
        package var message: String
    }

    package private(set) var count = 0
    /// Numbers of torn lines that the log itself names.
    package private(set) var torn: [Int] = []
    package private(set) var last = AuditChain.start
    /// A line that is no entry: fine only if the next one says so.
    private var suspect: Int?
    private let known: Known?
    private let hash: AuditChain.Hash

    package init(hash: @escaping AuditChain.Hash, known: Known? = nil) {
        self.hash = hash
        self.known = known
    }

    /// Takes the next line, without its line feed.
    package mutating func take(_ line: [UInt8]) throws(Break) {
        let number = count + 1
        defer {
            count = number
            last = hash(line)
        }
        guard let json = try? JSON(validating: line), json.isObject else {
            if let suspect {
                throw Break(line: suspect, message: "it is no entry, and the next line does not say that it was torn")
            }
            suspect = number
            return
        }
        let names = json["torn"]?.intValue
        if let suspect {
            guard names == suspect else {
                throw Break(line: suspect, message: "it is no entry, and the next line does not say that it was torn")
            }
            torn.append(suspect)
            self.suspect = nil
        } else if let names {
            throw Break(line: number, message: "it says that line \(names) was torn, and that one is whole")
        }
        guard json["previous"]?.stringValue == last else {
            throw Break(
                line: number,
                message: number == 1
                    ? "it does not begin a chain: lines before it were taken away"
                    : "it does not follow line \(number - 1): one of them was changed, or lines were taken out or put in"
            )
        }
        guard json["line"]?.intValue == number else {
            throw Break(line: number, message: "it says that it is line \(json["line"]?.text ?? "?")")
        }
        if let known, known.line == number, known.hash != hash(line) {
            throw Break(line: number, message: "it is not the line that was noted, whose SHA-256 is \(known.hash)")
        }
    }

    /// After the last line.
    package func finish() throws(Break) {
        if let suspect {
            throw Break(
                line: suspect,
                message:
                    "it is broken off, as a crash leaves it; the next start of the server goes on behind it and says so"
            )
        }
        if let known, known.line > count {
            throw Break(line: count, message: "it is the last, and line \(known.line) was noted: the end was cut off")
        }
    }
}
