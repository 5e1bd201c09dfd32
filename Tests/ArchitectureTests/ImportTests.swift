import Testing

struct ImportTests {
    @Test func `every directory of Sources has a row in the table of imports, and every row a directory`() {
        #expect(SourceTree.entries(of: "Sources").filter { !$0.hasSuffix(".md") } == ImportRules.allowed.keys.sorted())
    }

    @Test(arguments: ImportRules.allowed.keys.sorted())
    func `a target imports only what its row allows`(target: String) throws {
        let allowed = try #require(ImportRules.allowed[target])

        let violations = try SourceTree.files(of: target).flatMap { ImportRules.violations(in: $0, allowed: allowed) }

        #expect(violations == [])
    }

    @Test func `the table gives each library that has a sole importer to that target alone`() {
        for (library, owner) in ImportRules.soleImporters {
            let importers = ImportRules.allowed.filter { $0.value.contains(library) }.keys.sorted()
            #expect(importers == [owner], "\(library)")
        }
    }

    @Test func `the table lets pure targets import each other and collections only`() {
        let wide = ImportRules.pure.union(ImportRules.collections)
        for target in ImportRules.pure.sorted() {
            let others = ImportRules.allowed[target, default: []].subtracting(wide)
            #expect(others == (target == "Values" ? ["CPCRE2"] : []), "\(target)")
        }
    }

    @Test func `the table lets no adapter import another`() {
        for target in ImportRules.adapters.sorted() {
            #expect(ImportRules.allowed[target, default: []].isDisjoint(with: ImportRules.adapters), "\(target)")
        }
    }

    @Test func `the table has no circle`() {
        var above = ImportRules.allowed.mapValues { $0.filter { ImportRules.allowed[$0] != nil } }
        while let leaf = above.first(where: \.value.isEmpty)?.key {
            above[leaf] = nil
            for target in above.keys { above[target]?.remove(leaf) }
        }
        #expect(above.isEmpty)
    }

    @Test func `PCRE2 is behind one file`() throws {
        let importers = try SourceTree.files(of: "Values").filter { file in
            ImportRules.imports(in: file.code).contains { $0.module == "CPCRE2" }
        }
        #expect(importers.count == 1, "\(importers.map(\.path))")
    }

    // MARK: the check itself

    @Test(arguments: [
        ("import Foundation", "Foundation"), ("package import Values", "Values"),
        ("@testable import Services", "Services"),
        ("@_spi(Internals) @preconcurrency public import NIOCore", "NIOCore"),
        ("import struct Foundation.URL", "Foundation"),
        ("    import Dispatch", "Dispatch"), ("#if os(Linux)\nimport Glibc\n#endif", "Glibc"),
    ])
    func `sees every form of import`(code: String, module: String) {
        #expect(ImportRules.imports(in: code).map(\.module) == [module])
    }

    @Test func `names file, line and module of a forbidden import, and no import in a comment or string`() {
        let file = SourceFile(
            path: "Sources/Values/A.swift",
            text: """
                // import Dispatch
                let text = \"\"\"
                import Glibc
                \"\"\"
                import Foundation
                import Values
                """)

        let violations = ImportRules.violations(in: file, allowed: ["Values"])

        #expect(violations == ["Sources/Values/A.swift:5 imports Foundation, which its target may not"])
    }
}
