import CLibXML2
package import Values

/// Reads XML into a `SourceNode` tree with libxml2's SAX interface.
///
/// A document type declaration is refused before anything inside it is read: without one there are no entities to
/// expand and nothing to fetch. No file and no network is ever touched. Read are UTF-8, UTF-16, ISO-8859-1 and windows-1252.
package enum XMLReader {
    /// The root element of `bytes`. `file` is the name that the user knows it by; it is not opened.
    package static func read(
        _ bytes: some Collection<UInt8>, file: String, limits: XMLLimits = .standard
    ) throws(Diagnostics) -> SourceNode {
        func refusal(_ code: String, _ message: String, _ suggestion: String) -> Diagnostics {
            Diagnostics(
                Diagnostic(
                    code: code, file: file, position: SourcePosition(line: 1, column: 1), message: message,
                    suggestion: suggestion))
        }
        guard bytes.count <= limits.maxBytes else {
            throw refusal(
                "xml-too-large", "the file has \(bytes.count) bytes; at most \(limits.maxBytes) are read",
                "split the model into several files")
        }
        let raw = Array(bytes)
        let encoding = XMLEncoding(of: raw)
        if case .other(let name) = encoding {
            throw refusal("xml-encoding", "the file is encoded as \(name), which is not read", "save it as UTF-8")
        }
        guard let document = encoding.utf8(raw) else {
            throw refusal("xml-encoding", "the file is broken: it is no sound UTF-16", "save it as UTF-8")
        }
        guard !document.allSatisfy({ XMLEncoding.isWhiteSpace($0) }) else {
            throw refusal("xml-malformed", "the file is empty", "check that it was written completely")
        }
        _ = libraryIsReady
        let parse = XMLParse(document: document, file: file, limits: limits)
        return try parse.run()
    }

    /// "xmlInitParser: Initialization function for the XML parser. This is not reentrant. Call once before processing
    /// in case of use in multithreaded programs." https://gnome.pages.gitlab.gnome.org/libxml2/html/parser_8h.html
    private static let libraryIsReady: Void = xmlInitParser()
}
