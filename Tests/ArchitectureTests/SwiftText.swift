/// Just enough of Swift's lexical rules to tell code from comments and strings.
enum SwiftText {
    /// The text with every comment and every literal part of a string replaced by blanks; line ends stay where they are, and
    /// so does the code inside string interpolations.
    static func code(of text: String) -> String {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.scanCode(untilParenthesis: false)
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var output: [UInt8] = []

        init(bytes: [UInt8]) {
            self.bytes = bytes
            output.reserveCapacity(bytes.count)
        }

        /// Copies code; stops after the parenthesis that ends an interpolation.
        mutating func scanCode(untilParenthesis: Bool) {
            var depth = 0
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "/"), starts(with: "//") {
                    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { blank() }
                } else if byte == UInt8(ascii: "/"), starts(with: "/*") {
                    scanBlockComment()
                } else if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\""), let hashes = rawStringStart() {
                    scanString(hashes: hashes)
                } else {
                    copy()
                    if byte == UInt8(ascii: "(") { depth += 1 }
                    if byte == UInt8(ascii: ")") {
                        depth -= 1
                        if untilParenthesis, depth == 0 { return }
                    }
                }
            }
        }

        /// Block comments nest.
        private mutating func scanBlockComment() {
            var depth = 0
            repeat {
                if starts(with: "/*") {
                    depth += 1
                    blank(2)
                } else if starts(with: "*/") {
                    depth -= 1
                    blank(2)
                } else {
                    blank()
                }
            } while depth > 0 && position < bytes.count
        }

        /// How many `#` stand before a quotation mark here; nil if no string starts here.
        private func rawStringStart() -> Int? {
            var end = position
            while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
            return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - position : nil
        }

        private mutating func scanString(hashes: Int) {
            let fence = String(repeating: "#", count: hashes)
            copy(hashes)
            let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
            copy(quotes.utf8.count)
            while position < bytes.count {
                if starts(with: quotes + fence) {
                    copy(quotes.utf8.count + hashes)
                    return
                }
                if starts(with: "\\" + fence + "(") {
                    blank(1 + hashes)
                    scanCode(untilParenthesis: true)
                } else if starts(with: "\\" + fence) {
                    blank(2 + hashes)
                } else if quotes.utf8.count == 1, bytes[position] == UInt8(ascii: "\n") {
                    return  // not Swift: a string of one line ends with its line
                } else {
                    blank()
                }
            }
        }

        private func starts(with text: String) -> Bool {
            var index = position
            for byte in text.utf8 {
                guard index < bytes.count, bytes[index] == byte else { return false }
                index += 1
            }
            return true
        }

        private mutating func copy(_ count: Int = 1) {
            for _ in 0..<count where position < bytes.count {
                output.append(bytes[position])
                position += 1
            }
        }

        private mutating func blank(_ count: Int = 1) {
            for _ in 0..<count where position < bytes.count {
                output.append(bytes[position] == UInt8(ascii: "\n") ? bytes[position] : UInt8(ascii: " "))
                position += 1
            }
        }
    }
}
