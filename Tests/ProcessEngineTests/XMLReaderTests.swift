import Testing
import Values
import XMLReader

private func read(_ text: String, limits: XMLLimits = .standard) throws(Diagnostics) -> SourceNode {
    try XMLReader.read(text.utf8, file: "x.bpmn", limits: limits)
}

/// The one problem that reading throws.
private func problem(_ bytes: some Collection<UInt8>, limits: XMLLimits = .standard) -> Diagnostic? {
    do {
        _ = try XMLReader.read(bytes, file: "x.bpmn", limits: limits)
        return nil
    } catch {
        return error.all.first
    }
}

struct XMLReaderTests {
    @Test func `resolves names, attributes, text and places`() throws {
        let root = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <a:root xmlns:a="urn:a" xmlns="urn:d">
              <child b="1"
                 a:c="ü"/><x>é</x><child>one<inner/>two<![CDATA[ <3]]></child>
            </a:root>
            """)
        #expect(root.name == "root")
        #expect(root.namespace == "urn:a")
        #expect(root.position == SourcePosition(line: 2, column: 1))
        #expect(root.text == "")
        let children = root.children(named: "child", namespace: "urn:d")
        #expect(children.count == 2)
        #expect(children[0].position == SourcePosition(line: 3, column: 3))
        #expect(children[0].attribute("b") == "1")
        #expect(children[0].attribute("c", namespace: "urn:a") == "ü")
        #expect(children[0].attribute("c") == nil)
        #expect(children[1].position == SourcePosition(line: 4, column: 23))
        #expect(children[1].text == "onetwo <3")
    }

    @Test(arguments: [
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""), ("&#65;&#x42;", "AB"), ("&amp;lt;", "&lt;"), ("&#38;", "&"),
        ("&amp;#38;", "&#38;"),
    ])
    func `knows predefined entities and character references`(source: String, expected: String) throws {
        let root = try read("<a b=\"\(source)\">\(source)</a>")
        #expect(root.text == expected)
        #expect(root.attribute("b") == expected)
    }

    @Test func `knows character references in the names of namespaces`() throws {
        let root = try read("<a xmlns='urn:x?a=1&amp;b=2' xmlns:n='urn:&#65;&#38;' n:c=''/>")
        #expect(root.namespace == "urn:x?a=1&b=2")
        #expect(root.attribute("c", namespace: "urn:A&") == "")
    }

    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>",
        "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;]><a/>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE a>\n<a/>",
    ])
    func `refuses a document type declaration before it is read`(text: String) throws {
        let found = try #require(problem(text.utf8))
        #expect(found.code == "xml-doctype")
        #expect(found.suggestion != nil)
    }

    @Test(arguments: [
        "", "  \n", "plain text", "<a>", "<a></b>", "<a b=1/>", "<a b='1' b='2'/>", "<a>&nope;</a>",
        "<a b=\"&nope;\"/>", "<a/><b/>",
        "<a>\u{1}</a>", "<p:a/>", "<a", "<a b=\"", "<!--", "<a><![CDATA[", "<?xml version=\"1.0\"?>", "<a>]]></a>",
        "<a b=\"<\"/>",
    ])
    func `refuses what is not well-formed, with its place`(text: String) throws {
        let found = try #require(problem(text.utf8))
        #expect(found.code == "xml-malformed")
        #expect(found.file == "x.bpmn")
        #expect(!found.message.isEmpty)
    }

    @Test func `names line and column of an error`() throws {
        let found = try #require(problem("<a>\n  <b></c>\n</a>".utf8))
        #expect(found.position.line == 2)
        #expect(found.position.column > 0)
    }

    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { isBigEndian ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    /// With and without a byte order mark, and whatever the declaration says of a file that is plainly UTF-16.
    @Test(arguments: [true, false], ["", "\u{FEFF}"])
    func `reads UTF-16`(isBigEndian: Bool, mark: String) throws {
        for declaration in ["", "<?xml version='1.0' encoding='UTF-16'?>", "<?xml version='1.0' encoding='utf-8'?>"] {
            let text = "\(mark)\(declaration)<a b='Größe \u{1F600}'>\n<c/></a>"
            let node = try XMLReader.read(Self.utf16(text, isBigEndian: isBigEndian), file: "x")
            #expect(node.attribute("b") == "Größe \u{1F600}")
            #expect(node.children.first?.position.line == 2)
        }
    }

    @Test func `reads ISO-8859-1 and windows-1252`() throws {
        func read(_ encoding: String, _ bytes: [UInt8]) throws -> String? {
            let start = Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?><a b=\"".utf8)
            return try XMLReader.read(start + bytes + Array("\"/>".utf8), file: "x").attribute("b")
        }
        #expect(try read("ISO-8859-1", [0x47, 0xF6, 0xDF, 0x65]) == "Göße")
        #expect(try read("iso-8859-1", [0x85]) == "\u{85}")
        #expect(try read("windows-1252", [0x80, 0x93, 0xFC, 0x94]) == "€“ü”")
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0, 0, 0x3C, 0, 0, 0], [0xFE, 0xFF, 0, 0x3C, 0], [0xFE, 0xFF, 0xD8, 0, 0, 0x3C],
            [0x4C, 0x6F, 0xA7, 0x94], Array("<?xml version='1.0' encoding='ISO-8859-7'?><a/>".utf8),
        ] as [[UInt8]])
    func `says which encoding it does not read`(bytes: [UInt8]) throws {
        #expect(try #require(problem(bytes)).code == "xml-encoding")
    }

    @Test func `refuses bytes that are not UTF-8`() throws {
        let found = try #require(problem(Array("<a>".utf8) + [0xC3, 0x28] + Array("</a>".utf8)))
        #expect(found.code == "xml-malformed")
    }

    @Test func `accepts a byte order mark`() throws {
        #expect(try XMLReader.read([0xEF, 0xBB, 0xBF] + Array("<a/>".utf8), file: "x").name == "a")
    }

    @Test func `keeps its limits`() throws {
        func code(_ text: String, _ set: (inout XMLLimits) -> Void) -> String? {
            var limits = XMLLimits()
            set(&limits)
            return problem(text.utf8, limits: limits)?.code
        }
        let deep = String(repeating: "<a>", count: 5) + String(repeating: "</a>", count: 5)
        #expect(code(deep) { $0.maxDepth = 4 } == "xml-too-deep")
        #expect(code(deep) { $0.maxDepth = 5 } == nil)
        #expect(code(deep) { $0.maxElements = 4 } == "xml-too-large")
        #expect(code(deep) { $0.maxBytes = 10 } == "xml-too-large")
        #expect(code("<a>12345</a>") { $0.maxTextBytes = 4 } == "xml-too-large")
        #expect(code("<a b='1' c='2'/>") { $0.maxAttributes = 1 } == "xml-too-many-attributes")
        #expect(code("<a xmlns:b='1' xmlns:c='2'/>") { $0.maxAttributes = 1 } == "xml-too-many-attributes")
    }

    @Test func `survives nesting and size far beyond the limits`() throws {
        let depth = 200_000
        let deep = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        #expect(problem(deep.utf8)?.severity == .error)
        let wide = "<r>" + String(repeating: "<a/>", count: 100_001) + "</r>"
        #expect(problem(wide.utf8)?.code == "xml-too-large")
        let long = "<r>" + String(repeating: "x", count: 4_300_000) + "</r>"
        #expect(problem(long.utf8)?.code == "xml-too-large")
    }

    /// A file that was cut off anywhere is refused, never half read, and never a crash.
    @Test func `refuses every truncation of a model`() throws {
        let whole = Array(bpmn("<startEvent id='s'/><endEvent id='e'/>\(flow("s", "e", "${a &lt; 1}"))").utf8)
        #expect(problem(whole) == nil)
        for length in 0..<whole.count {
            #expect(problem(whole[..<length]) != nil, "cut at \(length)")
        }
    }

    @Test func `survives any byte changed`() throws {
        let whole = Array(bpmn("<startEvent id='s'/><!-- c --><endEvent id='e'/>\(flow("s", "e"))").utf8)
        var refused = 0
        for index in whole.indices {
            for byte: UInt8 in [0, 0x3C, 0x26, 0x22, 0xFF] {
                var changed = whole
                changed[index] = byte
                if problem(changed) != nil { refused += 1 }
            }
        }
        #expect(refused > whole.count)
    }
}
