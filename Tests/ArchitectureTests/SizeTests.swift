import Testing

struct SizeTests {
    static let longestFile = 500
    static let longestFunction = 70

    @Test(arguments: ["Sources", "Tests", "contracts"])
    func `no file is longer than 500 lines`(directory: String) throws {
        let tooLong = try SourceTree.swiftFiles(below: directory).filter {
            Self.lineCount(of: $0.text) > Self.longestFile
        }

        #expect(tooLong.map { "\($0.path) has \(Self.lineCount(of: $0.text)) lines" } == [])
    }

    @Test(arguments: ["Sources", "contracts"])
    func `no function is longer than 70 lines`(directory: String) throws {
        let tooLong = try SourceTree.swiftFiles(below: directory).flatMap { file in
            Declarations.functions(in: file.code).filter { $0.lineCount > Self.longestFunction }
                .map { "\(file.path):\($0.line) \($0.name) has \($0.lineCount) lines" }
        }

        #expect(tooLong == [])
    }

    static func lineCount(of text: String) -> Int {
        text.utf8.count { $0 == UInt8(ascii: "\n") } + (text.hasSuffix("\n") || text.isEmpty ? 0 : 1)
    }

    // MARK: the check itself

    @Test(arguments: [("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3)])
    func `counts lines`(text: String, count: Int) {
        #expect(Self.lineCount(of: text) == count)
    }

    @Test func `measures functions, initializers, subscripts and computed properties`() {
        let code = """
            struct A {
                var stored = [1, 2]
                var closure: () -> Int = { 3 }
                init(_ f: () -> Void = { }) {
                    self.init(stored: 1)
                }
                func outer(
                    a: Int
                ) -> [Int] where T: Sendable {
                    func inner() { }
                    let b = a.map { $0 }
                    return b
                }
                var computed: Int {
                    1
                }
                subscript(i: Int) -> Int { i }
            }
            """
        #expect(
            Declarations.functions(in: code) == [
                .init(name: "init", line: 4, lineCount: 3), .init(name: "func inner", line: 10, lineCount: 1),
                .init(name: "func outer", line: 7, lineCount: 7), .init(name: "var computed", line: 14, lineCount: 3),
                .init(name: "subscript", line: 17, lineCount: 1),
            ])
    }

    @Test func `does not take a requirement of a protocol for the function after it`() {
        let code = """
            protocol P {
                func a()
                var b: Int { get }
            }
            extension P {
                func c() {
                }
            }
            """
        #expect(Declarations.functions(in: code).map(\.name) == ["var b", "func c"])
    }

    @Test func `is not misled by braces in strings and comments`() {
        let file = SourceFile(
            path: "A.swift",
            text: "func a() {\n  // }\n  b(\"}\", #\"\\\"}\"#, \"\\(c(\"}\"))\")\n  /* } /* } */ } */\n}\n")
        #expect(Declarations.functions(in: file.code) == [.init(name: "func a", line: 1, lineCount: 5)])
    }
}
