import CLibXML2
import Values

/// One run of libxml2 over one document: owns the parser context for its duration and builds the tree from its
/// callbacks.
///
/// Not `Sendable`; never leaves `XMLReader.read`.
final class XMLParse {
    private let document: [UInt8]
    private let file: String
    private let limits: XMLLimits
    private var context: xmlParserCtxtPtr?
    private var open: [OpenElement] = []
    private var root: SourceNode?
    private var elementCount = 0
    private var problem: Diagnostic?
    private var place = PlaceFinder()

    private struct OpenElement {
        var node: SourceNode
        var text: [UInt8] = []
    }

    init(document: [UInt8], file: String, limits: XMLLimits) {
        self.document = document
        self.file = file
        self.limits = limits
    }

    func run() throws(Diagnostics) -> SourceNode {
        let wellFormed = document.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { parse($0) }
        }
        if let problem { throw Diagnostics(problem) }
        guard wellFormed, let root else {
            throw Diagnostics(
                Diagnostic(
                    code: "xml-malformed", file: file, message: "the file is not well-formed XML",
                    suggestion: "check that it was written completely"))
        }
        return root
    }

    private func parse(_ bytes: UnsafeBufferPointer<CChar>) -> Bool {
        guard let base = bytes.baseAddress, let context = xmlNewParserCtxt() else { return false }
        self.context = context
        defer {
            self.context = nil
            xmlFreeParserCtxt(context)
        }
        var handler = xmlSAXHandler()
        handler.initialized = UInt32(XML_SAX2_MAGIC)
        handler.internalSubset = { context, _, _, _ in XMLParse.of(context)?.documentTypeDeclared() }
        handler.startElementNs = { context, name, _, uri, namespaceCount, _, attributeCount, _, attributes in
            XMLParse.of(context)?.elementStarted(
                name, namespace: uri, namespaceCount: Int(namespaceCount), attributeCount: Int(attributeCount),
                attributes)
        }
        handler.endElementNs = { context, _, _, _ in XMLParse.of(context)?.elementEnded() }
        handler.characters = { context, text, length in XMLParse.of(context)?.textFound(text, length: Int(length)) }
        handler.ignorableWhitespace = handler.characters
        handler.cdataBlock = handler.characters
        handler.serror = { context, error in XMLParse.of(context)?.errorFound(error) }
        context.pointee.sax.pointee = handler
        // The context's lifetime is this call; `self` outlives it.
        context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
        // NONET: no network, ever. No NOENT, DTDLOAD, DTDATTR, DTDVALID, XINCLUDE, HUGE: libxml2's own limits stay on.
        // IGNORE_ENC: it is UTF-8 by now, whatever its declaration says. These callbacks build no document, so there is none to free.
        _ = xmlCtxtReadMemory(
            context, base, Int32(bytes.count), nil, nil,
            Int32(XML_PARSE_NONET.rawValue | XML_PARSE_IGNORE_ENC.rawValue))
        return context.pointee.wellFormed == 1
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> XMLParse? {
        context.map { Unmanaged<XMLParse>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Callbacks

    private func documentTypeDeclared() {
        fail(
            "xml-doctype", "a document type declaration (<!DOCTYPE …>) is not accepted", at: currentPosition,
            "remove it: BPMN needs none, and entities and external files are never read")
    }

    private func elementStarted(
        _ name: UnsafePointer<xmlChar>?, namespace: UnsafePointer<xmlChar>?, namespaceCount: Int, attributeCount: Int,
        _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        guard problem == nil, let name else { return }
        let position = place.ofTagEnding(at: consumed, in: document)
        elementCount += 1
        if elementCount > limits.maxElements {
            return fail(
                "xml-too-large", "more than \(limits.maxElements) elements", at: position,
                "split the model into several files")
        }
        if open.count >= limits.maxDepth {
            return fail(
                "xml-too-deep", "elements are nested more than \(limits.maxDepth) deep", at: position,
                "make the model flatter")
        }
        if namespaceCount + attributeCount > limits.maxAttributes {
            return fail(
                "xml-too-many-attributes", "an element has more than \(limits.maxAttributes) attributes", at: position,
                "remove what is not needed")
        }
        var node = SourceNode(name: Self.string(name), namespace: Self.namespace(namespace), position: position)
        node.attributes.reserveCapacity(attributeCount)
        for index in 0..<attributeCount {
            // Five pointers each: local name, prefix, URI, start and end of the value.
            guard let attributes, let name = attributes[index * 5], let start = attributes[index * 5 + 3],
                let end = attributes[index * 5 + 4]
            else { continue }
            node.attributes.append(
                SourceNode.Attribute(
                    name: Self.string(name), namespace: Self.namespace(attributes[index * 5 + 2]),
                    value: Self.attributeValue(UnsafeBufferPointer(start: start, count: end - start))))
        }
        open.append(OpenElement(node: node))
    }

    private func elementEnded() {
        guard problem == nil, var element = open.popLast() else { return }
        if element.node.children.isEmpty || !element.text.allSatisfy(XMLEncoding.isWhiteSpace) {
            element.node.text = String(decoding: element.text, as: UTF8.self)
        }
        if open.isEmpty {
            root = element.node
        } else {
            open[open.count - 1].node.children.append(element.node)
        }
    }

    private func textFound(_ text: UnsafePointer<xmlChar>?, length: Int) {
        guard problem == nil, let text, length > 0, !open.isEmpty else { return }
        let last = open.count - 1
        guard open[last].text.count + length <= limits.maxTextBytes else {
            return fail(
                "xml-too-large", "the text of an element has more than \(limits.maxTextBytes) bytes",
                at: currentPosition,
                "keep large data out of the model")
        }
        open[last].text.append(contentsOf: UnsafeBufferPointer(start: text, count: length))
    }

    private func errorFound(_ error: UnsafePointer<xmlError>?) {
        guard problem == nil, let error = error?.pointee, error.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
        let message = error.message.map { String(cString: $0) } ?? "the file is not well-formed XML"
        problem = Diagnostic(
            code: "xml-malformed", file: file, position: SourcePosition(line: Int(error.line), column: Int(error.int2)),
            message: message.split(whereSeparator: \.isNewline).joined(separator: " "),
            suggestion: "correct the XML at this place, or export the model again")
        if let context { xmlStopParser(context) }
    }

    // MARK: Small parts

    private func fail(_ code: String, _ message: String, at position: SourcePosition, _ suggestion: String) {
        guard problem == nil else { return }
        problem = Diagnostic(code: code, file: file, position: position, message: message, suggestion: suggestion)
        if let context { xmlStopParser(context) }
    }

    /// How many bytes of the document the parser has gone past.
    private var consumed: Int {
        guard let input = context?.pointee.input?.pointee, let current = input.cur, let base = input.base else {
            return 0
        }
        return min(Int(input.consumed) + (current - base), document.count)
    }

    private var currentPosition: SourcePosition { place.of(consumed, in: document) }

    private static func string(_ text: UnsafePointer<xmlChar>) -> String {
        String(decodingCString: text, as: UTF8.self)
    }

    /// A namespace is the value of an attribute, and comes as one does; empty without one.
    private static func namespace(_ text: UnsafePointer<xmlChar>?) -> String {
        guard let text else { return "" }
        return attributeValue(UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text))))
    }

    /// Without NOENT libxml2 hands an ampersand of an attribute over as `&#38;`, for a second pass that SAX users must
    /// do.
    private static func attributeValue(_ bytes: UnsafeBufferPointer<xmlChar>) -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        let escaped = Array("&#38;".utf8)
        var value: [UInt8] = []
        var index = 0
        while index < bytes.count {
            value.append(bytes[index])
            index += bytes[index...].starts(with: escaped) ? escaped.count : 1
        }
        return String(decoding: value, as: UTF8.self)
    }
}

/// Turns byte offsets into lines and columns; asked in growing order it reads the document once, whatever its lines
/// are.
private struct PlaceFinder {
    private var offset = 0
    private var position = SourcePosition(line: 1, column: 1)

    /// Where the tag begins whose attributes were just read: the last `<`, which no attribute value can contain.
    mutating func ofTagEnding(at end: Int, in document: [UInt8]) -> SourcePosition {
        of(document[..<end].lastIndex(of: UInt8(ascii: "<")) ?? end, in: document)
    }

    mutating func of(_ target: Int, in document: [UInt8]) -> SourcePosition {
        while offset < target {
            if document[offset] == UInt8(ascii: "\n") {
                position.line += 1
                position.column = 1
            } else if document[offset] & 0xC0 != 0x80 {
                // A column is a character, not a byte: continuation bytes of UTF-8 do not count.
                position.column += 1
            }
            offset += 1
        }
        return position
    }
}
