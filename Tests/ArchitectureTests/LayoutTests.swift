import Testing

struct LayoutTests {
    @Test func `the top level has these entries and no others`() {
        let entries = SourceTree.entries(of: "").filter { $0 != "Package.resolved" }
        #expect(
            Set(entries).subtracting(["Package.swift", "README.md", "Sources", "Tests", "contracts", "deploy"]) == [])
        #expect(Set(entries).isSuperset(of: ["Package.swift", "Sources", "Tests", "contracts", "deploy"]))
    }

    @Test(arguments: ["CLibXML2", "CMalloc", "CPCRE2", "CPostgres", "CRabbitMQ"])
    func `a C library is a module map and a shim`(target: String) {
        #expect(SourceTree.entries(of: "Sources/\(target)") == ["module.modulemap", "shim.h"])
    }

    @Test(arguments: ["Manager", "Helper", "Helpers", "Utils", "Util", "Impl"])
    func `no file is named for having no subject`(word: String) throws {
        let named = try SourceTree.sources.get().map(\.path).filter { $0.hasSuffix("\(word).swift") }
        #expect(named == [])
    }

    @Test(arguments: ["TODO", "FIXME"])
    func `nothing is put off in the code`(word: String) throws {
        #expect(try SourceTree.sources.get().filter { $0.text.contains(word) }.map(\.path) == [])
    }
}
