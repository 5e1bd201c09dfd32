import Contracts
import Foundation
import Testing
import Values

/// The public test suite of JSON Schema 2020-12.
@Suite struct SchemaConformanceTests {
    @Test func `passes every required case`() throws {
        guard let suite = try SchemaSuiteFiles.load() else { return }
        let report = try suite.run()

        print("JSON Schema 2020-12, required: \(report.passed) of \(report.run) cases pass")
        #expect(report.failures.map(\.name) == [])
        #expect(report.run > 1200)
    }

    @Test func `cases below optional are counted apart`() {
        let text =
            #"[{"description": "g", "schema": {"type": "integer"}, "tests": ["#
            + #"{"description": "c", "data": "x", "valid": true}]}]"#
        func report(_ paths: String...) -> SuiteReport {
            SchemaSuite(remotes: []).run(paths.map { SchemaSuite.File(path: $0, bytes: Array(text.utf8)) })
        }
        let both = report("draft2020-12/a.json", "draft2020-12/optional/b.json")
        #expect(both.failures.count == 2 && both.requiredFailures.map(\.name) == ["a: g: c"])
        #expect(
            both.summary == """
                required: run 1, passed 0, failed 1, refused 0
                optional: run 1, passed 0, failed 1, refused 0
                """)
        #expect(both.text.contains("failed: a: g: c: ") && both.text.contains("failed, optional: b: g: c: "))
        #expect(both.json["failed"]?.intValue == 2 && both.json["requiredFailed"]?.intValue == 1)
        #expect(report("draft2020-12/a.json").summary == "run 1, passed 0, failed 1, refused 0")
        #expect(report("draft2020-12/optional/format/x.json").requiredFailures.isEmpty)
    }

    @Test func `passes every required case of draft 7, but for the known exceptions`() throws {
        guard let suite = try SchemaSuiteFiles.load() else { return }
        let report = try suite.run(draft: "draft7")

        print("JSON Schema draft 7, required: \(report.passed) of \(report.run) cases pass")
        #expect(report.failures.map(\.name) == Self.knownOfDraft7)
        #expect(report.run > 900)
    }

    /// A document that names no draft is of 2020-12, from wherever something refers to it.
    private static let knownOfDraft7 = [
        "refRemote: Location-independent identifier in remote ref: integer is valid",
        "refRemote: Location-independent identifier in remote ref: string is invalid",
    ]

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
        guard let suite = try SchemaSuiteFiles.load() else { return }
        let report = try suite.run(directory: "optional/format", only: name)

        print("JSON Schema 2020-12, format \(name): \(report.passed) of \(report.run) cases pass")
        #expect(report.failures.map(\.name) == known)
        #expect(report.run > 0)
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
        guard let suite = try SchemaSuiteFiles.load() else { return }
        let report = try suite.run(directory: "optional", only: name)

        #expect(report.failures.map(\.name) == [])
        #expect(report.run > 0)
    }
}

/// The suite as it lies in the directory of the conformance data.
struct SchemaSuiteFiles {
    let suite: SchemaSuite
    let tests: URL

    /// Nil, and a line that says so, if the suite is not here.
    static func load() throws -> SchemaSuiteFiles? {
        let root = ConformanceData.directory.appending(path: "json-schema")
        let tests = root.appending(path: "tests")
        guard FileManager.default.fileExists(atPath: tests.appending(path: "draft2020-12").path) else {
            print("not run: JSON Schema conformance suite (no \(root.path))")
            return nil
        }
        let remotes = root.appending(path: "remotes")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: remotes.path).sorted()
        return SchemaSuiteFiles(suite: SchemaSuite(remotes: try files(paths, in: remotes)), tests: tests)
    }

    /// The files of a directory of a draft, or one of them.
    func run(draft: String = "draft2020-12", directory: String = "", only: String? = nil) throws -> SuiteReport {
        let folder = directory.isEmpty ? draft : draft + "/" + directory
        let names = try FileManager.default.contentsOfDirectory(atPath: tests.appending(path: folder).path).sorted()
        let paths = names.filter { only == nil || $0 == "\(only ?? "").json" }.map { folder + "/" + $0 }
        return suite.run(try Self.files(paths, in: tests))
    }

    private static func files(_ paths: [String], in folder: URL) throws -> [SchemaSuite.File] {
        try paths.filter { $0.hasSuffix(".json") }.map {
            SchemaSuite.File(path: $0, bytes: [UInt8](try Data(contentsOf: folder.appending(path: $0))))
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
