import Contracts
import Foundation
import Testing
import Values

/// The public test suite of JSON Schema 2020-12.
@Suite struct SchemaConformanceTests {
    @Test func `passes every required case`() throws {
        guard let suite = try SchemaSuite.load() else { return }
        let outcome = try suite.run(directory: "", assertsFormats: false)

        print("JSON Schema 2020-12, required: \(outcome.passed) of \(outcome.total) cases pass")
        #expect(outcome.failures == [])
        #expect(outcome.total > 1200)
    }

    /// The files of `idn-email`, `idn-hostname`, `iri`, `iri-reference` and `uri-template` are left out: those formats are not asserted.
    @Test(
        arguments: [
            ("date-time", []), ("date", []), ("time", []), ("duration", []), ("uri", []), ("uri-reference", []),
            ("email", []), ("uuid", []),
            ("ipv4", []), ("ipv6", []), ("json-pointer", []), ("relative-json-pointer", []), ("regex", []),
            ("unknown", []),
            ("hostname", unseenPunycode.map { "hostname: validation of A-label (punycode) host names: \($0)" }),
            (
                "ecmascript-regex",
                [
                    "ecmascript-regex: ECMA 262 lookbehind is valid, including variable width: a variable-width lookbehind (ES2018)"
                ]
            ),
        ] as [(String, [String])])
    func `asserts formats as the optional cases say, but for the known exceptions`(name: String, known: [String]) throws
    {
        guard let suite = try SchemaSuite.load() else { return }
        let outcome = try suite.run(directory: "optional/format", assertsFormats: true, only: name)

        print("JSON Schema 2020-12, format \(name): \(outcome.passed) of \(outcome.total) cases pass")
        #expect(outcome.failures.map { $0.prefix { $0 != "[" }.dropLast() } == known.map { $0[...] })
        #expect(outcome.total > 0)
    }

    /// What a host name encodes by `xn--` is not looked at.
    private static let unseenPunycode = [
        "invalid Punycode", "contains illegal char U+302E Hangul single dot tone mark",
        "Begins with a Spacing Combining Mark",
        "Begins with a Nonspacing Mark", "Begins with an Enclosing Mark",
        "Exceptions that are DISALLOWED, right-to-left chars",
        "Exceptions that are DISALLOWED, left-to-right chars", "MIDDLE DOT with no preceding 'l'",
        "MIDDLE DOT with nothing preceding",
        "MIDDLE DOT with no following 'l'", "MIDDLE DOT with nothing following", "Greek KERAIA not followed by Greek",
        "Greek KERAIA not followed by anything", "Hebrew GERESH not preceded by Hebrew",
        "Hebrew GERESH not preceded by anything",
        "Hebrew GERSHAYIM not preceded by Hebrew", "Hebrew GERSHAYIM not preceded by anything",
        "KATAKANA MIDDLE DOT with no Hiragana, Katakana, or Han", "KATAKANA MIDDLE DOT with no other characters",
        "Arabic-Indic digits mixed with Extended Arabic-Indic digits", "ZERO WIDTH JOINER not preceded by Virama",
        "ZERO WIDTH JOINER not preceded by anything", "contains \"--\" in the 3rd and 4th position",
    ]

    @Test(arguments: [
        "anchor", "bignum", "dynamicRef", "format-assertion", "id", "no-schema", "non-bmp-regex", "refOfUnknownKeyword",
        "unknownKeyword",
        "ecmascript-regex", "float-overflow",
    ])
    func `passes the optional cases`(name: String) throws {
        guard let suite = try SchemaSuite.load() else { return }
        let outcome = try suite.run(directory: "optional", assertsFormats: false, only: name)

        #expect(outcome.failures == [])
        #expect(outcome.total > 0)
    }
}

/// Reads and runs files of the suite.
struct SchemaSuite {
    let root: URL
    let documents: SchemaDocuments

    struct Outcome {
        var total = 0
        var failures: [String] = []
        var passed: Int { total - failures.count }
    }

    /// Nil, and a line that says so, if the suite is not here.
    static func load() throws -> SchemaSuite? {
        let root = ConformanceData.directory.appending(path: "json-schema")
        guard FileManager.default.fileExists(atPath: root.appending(path: "tests/draft2020-12").path) else {
            print("not run: JSON Schema conformance suite (no \(root.path))")
            return nil
        }
        var documents = SchemaDocuments()
        let remotes = root.appending(path: "remotes")
        for path in try FileManager.default.subpathsOfDirectory(atPath: remotes.path).sorted()
        where path.hasSuffix(".json") {
            let bytes = [UInt8](try Data(contentsOf: remotes.appending(path: path)))
            documents.register(try Value(parsing: bytes), at: "http://localhost:1234/\(path)")
        }
        return SchemaSuite(root: root.appending(path: "tests/draft2020-12"), documents: documents)
    }

    func run(directory: String, assertsFormats: Bool, only: String? = nil) throws -> Outcome {
        var outcome = Outcome()
        let folder = directory.isEmpty ? root : root.appending(path: directory)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".json") {
            let stem = String(name.dropLast(5))
            guard only == nil || only == stem else { continue }
            let file = try Value(parsing: [UInt8](try Data(contentsOf: folder.appending(path: name))))
            for group in file.listValue ?? [] { try run(group, of: stem, assertsFormats: assertsFormats, &outcome) }
        }
        return outcome
    }

    private func run(_ group: Value, of file: String, assertsFormats: Bool, _ outcome: inout Outcome) throws {
        let title = "\(file): \(group["description"]?.stringValue ?? "")"
        let tests = group["tests"]?.listValue ?? []
        do {
            let schema = try JSONSchema(
                try #require(group["schema"]), documents: documents, assertsFormats: assertsFormats)
            for test in tests {
                outcome.total += 1
                let data = try #require(test["data"])
                let violations = schema.validate(data)
                let expected = test["valid"]?.boolValue
                if violations.isEmpty != expected || schema.isValid(data) != expected {
                    outcome.failures.append(
                        "\(title): \(test["description"]?.stringValue ?? "") \(violations.map(\.message))")
                }
            }
        } catch let problems as SchemaProblems {
            outcome.total += tests.count
            outcome.failures.append("\(title): does not compile: \(problems.all.map { "\($0.path) \($0.message)" })")
        }
    }
}

/// Where the public conformance suites and the files of this package are.
enum ConformanceData {
    static let directory: URL = {
        if let path = ProcessInfo.processInfo.environment["WAYBILL_CONFORMANCE"] { return URL(filePath: path) }
        return package.deletingLastPathComponent().appending(path: "shared/conformance")
    }()

    static let package = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
