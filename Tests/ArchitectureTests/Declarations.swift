/// What can be told of declarations without a parser: access, functions and their lengths.
enum Declarations {
    struct Function: Hashable {
        var name: String
        /// From 1.
        var line: Int
        /// From the line of its keyword to that of its closing brace, both counted.
        var lineCount: Int
    }

    /// Where the code has a public or open declaration.
    static func publicPlaces(in file: SourceFile) -> [String] {
        let declaration = /\bpublic\b|\bopen[ \t]+(?:class|func|var|subscript)\b/.wordBoundaryKind(.simple)
        return file.code.matches(of: declaration).map { "\(file.place($0.range.lowerBound)) is public" }
    }

    /// Where `@unchecked Sendable` stands without a comment on its line or the one before.
    static func unexplainedUncheckedSendable(in file: SourceFile) -> [String] {
        let code = file.code.split(separator: "\n", omittingEmptySubsequences: false)
        let text = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        return code.indices.filter { code[$0].contains("@unchecked Sendable") }
            .filter { line in !text[max(line - 1, 0)...line].contains { $0.contains("//") } }
            .map { "\(file.path):\($0 + 1) does not say what protects it" }
    }

    /// Every function, initializer, subscript and computed property with a body, nested ones too, in order of their ends.
    static func functions(in code: String) -> [Function] {
        var counter = Counter()
        for token in code.matches(of: /[A-Za-z_][A-Za-z_0-9]*|`[^`\n]+`|[{}()\[\].=\n]/) {
            counter.take(token.output)
        }
        return counter.functions
    }

    /// Counts braces. A function is pending from its keyword to its opening brace; one without a body (of a protocol) is
    /// given up at the next declaration or closing brace.
    private struct Counter {
        typealias Start = (name: String, line: Int, parentheses: Int)

        var functions: [Function] = []
        private var line = 1
        private var pending: Start?
        private var wantsName = false
        private var parentheses = 0
        private var open: [(body: (name: String, line: Int)?, around: (pending: Start?, parentheses: Int))] = []
        private var previous: Substring = ""

        mutating func take(_ token: Substring) {
            switch token {
            case "\n": line += 1
            case "(", "[": parentheses += 1
            case ")", "]": parentheses -= 1
            case "{": enter()
            case "}": leave()
            case "=":
                if let start = pending, start.name.hasPrefix("var "), parentheses == start.parentheses { pending = nil }
            case "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "class", "enum", "protocol",
                "extension":
                declare(token)
            default:
                if wantsName, token != "." { pending?.name += token }
                wantsName = false
            }
            if token != "\n" { previous = token }
        }

        private mutating func declare(_ keyword: Substring) {
            let isCall = previous == "." || (keyword == "init" && pending == nil && previous == "=")
            guard !isCall, pending.map({ parentheses <= $0.parentheses }) ?? true else { return }
            switch keyword {
            case "func", "var", "subscript", "init", "deinit":
                pending = (
                    name: keyword == "func" || keyword == "var" ? keyword + " " : String(keyword), line, parentheses
                )
                wantsName = keyword == "func" || keyword == "var"
            default:
                pending = nil
            }
        }

        /// Inside braces, parentheses count from none again; after them, what was before them goes on.
        private mutating func enter() {
            if let start = pending, parentheses == start.parentheses {
                open.append((body: (start.name, start.line), around: (nil, parentheses)))
            } else {
                open.append((body: nil, around: (pending, parentheses)))
            }
            pending = nil
            parentheses = 0
        }

        private mutating func leave() {
            guard let closed = open.popLast() else { return }
            (pending, parentheses) = closed.around
            guard let start = closed.body else { return }
            functions.append(Function(name: start.name, line: start.line, lineCount: line - start.line + 1))
        }
    }
}
