package import Contracts
import OrderedCollections
package import Values
import Yams

/// Reads YAML and JSON files into located values.
///
/// YAML as its version 1.2 core schema has it: `no` and `12:30` are text, `1_000` too. What has no place in JSON is refused: infinite
/// numbers, keys that are not text, custom tags. A file that ends in `.json` is read as JSON.
package enum YAMLReader {
    package struct Limits: Sendable, Hashable {
        package var maxBytes: Int
        package var maxDepth: Int
        /// The most values, counting what aliases repeat.
        package var maxNodes: Int
        /// The most anchors and the most aliases; a file that has both must also be small.
        package var maxAliases: Int
        package var maxBytesWithAliases: Int

        package init(
            maxBytes: Int = 1 << 20, maxDepth: Int = 64, maxNodes: Int = 100_000, maxAliases: Int = 16,
            maxBytesWithAliases: Int = 64 << 10
        ) {
            self.maxBytes = maxBytes
            self.maxDepth = maxDepth
            self.maxNodes = maxNodes
            self.maxAliases = maxAliases
            self.maxBytesWithAliases = maxBytesWithAliases
        }
        package static let standard = Limits()
    }

    package static func read(_ bytes: [UInt8], file: String, limits: Limits = .standard) throws(Diagnostics)
        -> LocatedValue
    {
        guard bytes.count <= limits.maxBytes else {
            throw problem(
                "file-too-large", file, "the file has \(bytes.count) bytes; at most \(limits.maxBytes) are read")
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(3)) : bytes
        if file.lowercased().hasSuffix(".json") { return try JSONLocator.read(content, file: file, limits: limits) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw problem("not-utf-8", file, "the file is not UTF-8 text")
        }
        try checkAliases(content, file: file, limits: limits)
        let node: Node?
        do {
            // The encoding is said, since Yams else looks for one in the environment.
            node = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw Diagnostics(diagnostic(for: error, file: file))
        } catch {
            throw problem("invalid-yaml", file, "the file cannot be read as YAML: \(error)")
        }
        guard let node else { throw problem("empty-file", file, "the file is empty") }
        var reading = NodeReading(file: file, limits: limits)
        let value = try reading.value(of: node)
        return LocatedValue(file: file, value: value, positions: reading.positions)
    }

    /// Yams puts what an alias names in place of the alias, and compares keys by all they contain: a few dozen aliases could stand for
    /// more values than fit in memory. So they are counted before it sees the file; what only looks like one counts too.
    private static func checkAliases(_ bytes: [UInt8], file: String, limits: Limits) throws(Diagnostics) {
        var anchors = 0
        var aliases = 0
        let before = Set(" \t\r\n,[{-:?".utf8)
        let after = Set(" \t\r\n&*".utf8)
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            defer { previous = byte }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), before.contains(previous),
                index + 1 < bytes.count,
                !after.contains(bytes[index + 1])
            else { continue }
            if byte == UInt8(ascii: "&") { anchors += 1 } else { aliases += 1 }
        }
        guard anchors > 0, aliases > 0 else { return }
        if anchors > limits.maxAliases || aliases > limits.maxAliases {
            throw problem("too-many-aliases", file, "the file has more than \(limits.maxAliases) anchors or aliases")
        }
        if bytes.count > limits.maxBytesWithAliases {
            throw problem(
                "too-many-aliases", file,
                "a file with anchors and aliases may have at most \(limits.maxBytesWithAliases) bytes")
        }
    }

    private static func problem(_ code: String, _ file: String, _ message: String) -> Diagnostics {
        Diagnostics(Diagnostic(code: code, file: file, message: message))
    }

    private static func diagnostic(for error: YamlError, file: String) -> Diagnostic {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let around = context.map { " \($0.text)" } ?? ""
            return Diagnostic(
                code: "invalid-yaml", file: file, position: SourcePosition(mark),
                message: "not YAML:\(around) \(problem)")
        case .composer(_, let problem, let mark, _):
            if problem.contains("another document") {
                return Diagnostic(
                    code: "several-documents", file: file, position: SourcePosition(mark),
                    message: "the file has more than one document",
                    suggestion: "put each into a file of its own")
            }
            return Diagnostic(
                code: "invalid-yaml", file: file, position: SourcePosition(mark), message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            return Diagnostic(
                code: "duplicate-key", file: file, position: SourcePosition(context.mark),
                message: "the key \(names) is there twice")
        case .reader(let problem, _, _, _):
            return Diagnostic(code: "invalid-yaml", file: file, message: "not YAML: \(problem)")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return Diagnostic(code: "invalid-yaml", file: file, message: "the file cannot be read as YAML")
        }
    }
}

extension SourcePosition {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}

/// Turns Yams's nodes into values and notes where they stand.
private struct NodeReading {
    let file: String
    let limits: YAMLReader.Limits
    var positions: [String: SourcePosition] = [:]
    private var nodes = 0

    init(file: String, limits: YAMLReader.Limits) {
        self.file = file
        self.limits = limits
    }

    mutating func value(of node: Node) throws(Diagnostics) -> Value {
        try value(of: node, at: "", depth: 0)
    }

    private func problem(
        _ code: String, at mark: Mark?, _ pointer: String, _ message: String, _ suggestion: String? = nil
    ) -> Diagnostics {
        let position = mark.map(SourcePosition.init) ?? SourcePosition(line: 0, column: 0)
        let element = JSONPointer.dotted(pointer)
        return Diagnostics(
            Diagnostic(
                code: code, file: file, position: position, element: element.isEmpty ? nil : element, message: message,
                suggestion: suggestion))
    }

    private mutating func value(of node: Node, at pointer: String, depth: Int) throws(Diagnostics) -> Value {
        nodes += 1
        guard nodes <= limits.maxNodes else {
            throw problem(
                "too-many-values", at: node.mark, pointer,
                "the file has more than \(limits.maxNodes) values, counting aliases")
        }
        guard depth < limits.maxDepth else {
            throw problem(
                "nested-too-deeply", at: node.mark, pointer, "the file is nested deeper than \(limits.maxDepth) levels")
        }
        if positions[pointer] == nil, let mark = node.mark { positions[pointer] = SourcePosition(mark) }
        switch node {
        case .scalar(let scalar): return try value(of: scalar, at: pointer)
        case .sequence(let sequence):
            try checkTag(sequence.tag, is: Tag.Name.seq, at: sequence.mark, pointer)
            var list: [Value] = []
            for (index, element) in sequence.enumerated() {
                list.append(
                    try value(of: element, at: JSONPointer.appending(String(index), to: pointer), depth: depth + 1))
            }
            return .list(list)
        case .mapping(let mapping):
            try checkTag(mapping.tag, is: Tag.Name.map, at: mapping.mark, pointer)
            return try value(of: mapping, at: pointer, depth: depth)
        case .alias(let alias):
            throw problem("invalid-yaml", at: alias.mark, pointer, "an alias that names nothing")
        }
    }

    private mutating func value(of mapping: Node.Mapping, at pointer: String, depth: Int) throws(Diagnostics) -> Value {
        var members: OrderedDictionary<String, Value> = [:]
        for (key, child) in mapping {
            guard case .scalar(let scalar) = key else {
                throw problem("key-not-text", at: key.mark, pointer, "a key must be text")
            }
            let name = scalar.string
            if name == "<<", scalar.style == .plain {
                throw problem(
                    "merge-key", at: key.mark, pointer, "merge keys (<<) are not supported", "write the members out")
            }
            guard members[name] == nil else {
                throw problem("duplicate-key", at: key.mark, pointer, "the key \"\(name)\" is there twice")
            }
            let place = JSONPointer.appending(name, to: pointer)
            if let mark = key.mark { positions[place] = SourcePosition(mark) }
            members[name] = try value(of: child, at: place, depth: depth + 1)
        }
        return .object(members)
    }

    /// Without a tag, Yams's tag is empty. `!` alone means what no tag means for lists and mappings.
    private func checkTag(_ tag: Tag, is expected: Tag.Name, at mark: Mark?, _ pointer: String) throws(Diagnostics) {
        let name = tag.rawValue
        guard name.isEmpty || name == "!" || name == expected.rawValue else {
            throw problem("unsupported-tag", at: mark, pointer, "the tag \(name) is not supported")
        }
    }

    private func value(of scalar: Node.Scalar, at pointer: String) throws(Diagnostics) -> Value {
        let text = scalar.string
        switch scalar.tag.rawValue {
        case "" where scalar.style == .plain || scalar.style == .any:
            let found = CoreSchema.value(ofPlain: text)
            if let found { return found }
            throw problem(
                "number-out-of-range", at: scalar.mark, pointer, "the number \(text.prefix(60)) has no place in JSON",
                "put it in quotes")
        case "", "!", Tag.Name.str.rawValue:
            return .string(text)
        case let tag:
            let found = CoreSchema.value(ofPlain: text)
            switch (tag, found) {
            case (Tag.Name.null.rawValue, .null), (Tag.Name.bool.rawValue, .bool), (Tag.Name.float.rawValue, .number):
                return found ?? .null
            case (Tag.Name.int.rawValue, .number(let number)) where number.isInteger:
                return .number(number)
            default:
                throw problem("unsupported-tag", at: scalar.mark, pointer, "the tag \(tag) is not supported here")
            }
        }
    }
}
