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
    /// Whether it says that it is one of Camunda 7's: what does not fit a type is then converted as that engine does it, where
    /// DMN says null.
    let followsCamunda: Bool

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
        followsCamunda = ModelFile.followsCamunda(file.root)
    }

    private static let camunda = "http://camunda.org/schema/1.0/dmn"

    /// By the namespace that Camunda's modeler gives its models, or by any attribute of Camunda's. Not of Camunda 8, which converts
    /// nothing.
    private static func followsCamunda(_ root: SourceNode) -> Bool {
        let isCloud = root.attributes.contains { $0.name == "executionPlatform" && $0.value == "Camunda Cloud" }
        if isCloud { return false }
        var found = root.attribute("namespace") == camunda
        root.forEach { node in
            if node.attributes.contains(where: { $0.namespace == camunda }) { found = true }
        }
        return found
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
