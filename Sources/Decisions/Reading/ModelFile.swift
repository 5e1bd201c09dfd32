import Values

/// A file of a model, with what every reader of its logic needs.
struct ModelFile: Sendable {
    struct Import: Sendable {
        let name: String
        let namespace: String
        let type: String
        let node: SourceNode
    }

    let root: SourceNode
    let name: String
    let namespace: String
    let modelName: String
    let imports: [Import]
    /// Names with spaces or operators in them that may stand behind a dot somewhere.
    let members: [String]
    /// `expressionLanguage` of the file.
    let language: String

    init(_ file: DecisionModel.File) {
        root = file.root
        name = file.name
        namespace = file.root.attribute("namespace") ?? ""
        modelName = (file.root.attribute("name") ?? "").normalizedName
        language = file.root.attribute("expressionLanguage") ?? ""
        imports = file.root.own("import").map {
            Import(
                name: ($0.attribute("name") ?? "").normalizedName, namespace: $0.attribute("namespace") ?? "",
                type: $0.attribute("importType") ?? "", node: $0)
        }
        members = ModelFile.members(in: file.root)
    }

    private static let named: Set<String> = [
        "itemComponent", "variable", "output", "column", "formalParameter", "parameters",
    ]

    private static func members(in root: SourceNode) -> [String] {
        var names: [String] = []
        var seen: Set<String> = []
        root.forEach { node in
            guard node.namespace == root.namespace, named.contains(node.name),
                let name = node.attribute("name")?.normalizedName,
                name.utf8.contains(where: { !isWordByte($0) }), seen.insert(name).inserted
            else { return }
            names.append(name)
        }
        return names
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }
}
