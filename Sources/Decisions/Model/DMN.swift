import Values

/// The namespaces of DMN 1.1 to 1.6, and what is common to reading any of them.
enum DMN {
    static let namespaces: [String] = [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd", "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/", "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/", "https://www.omg.org/spec/DMN/20230324/MODEL/",
        "https://www.omg.org/spec/DMN/20240513/MODEL/",
    ]

    static func isModel(_ namespace: String) -> Bool {
        namespaces.contains { $0 == namespace || $0 == namespace + "/" }
    }

    /// FEEL by any of its names, or none: FEEL is the default.
    static func isFEEL(_ language: String) -> Bool {
        language.isEmpty || language.lowercased().contains("feel")
    }
}

extension SourceNode {
    /// Children of the model itself: those in this element's own namespace.
    func own(_ name: String) -> [SourceNode] { children(named: name, namespace: namespace) }

    func firstOwn(_ name: String) -> SourceNode? { firstChild(named: name, namespace: namespace) }

    /// The text of the child `text`, without space around it.
    var ownText: String { firstOwn("text")?.text.withoutSpace ?? "" }

    /// Every element inside, itself included, in the order of the file.
    func forEach(_ body: (SourceNode) -> Void) {
        var waiting = [self]
        while let node = waiting.popLast() {
            body(node)
            waiting += node.children.reversed()
        }
    }
}

extension String {
    /// Without white space at both ends.
    var withoutSpace: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// One space between words, as FEEL writes names.
    var normalizedName: String {
        unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map { String($0) }.joined(separator: " ")
    }
}
