/// An element of a BPMN, DMN or contract file, as XMLReader and YAMLReader make it.
///
/// XML: `name` is the local name and `namespace` its URI. YAML: a mapping's key is the name of a child.
package struct SourceNode: Sendable, Hashable {
    package var name: String
    package var namespace: String
    package var attributes: [Attribute]
    package var children: [SourceNode]
    /// The text directly inside the element, concatenated; entity references and CDATA resolved.
    package var text: String
    package var position: SourcePosition

    package init(
        name: String, namespace: String = "", attributes: [Attribute] = [], children: [SourceNode] = [],
        text: String = "",
        position: SourcePosition = SourcePosition(line: 0, column: 0)
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.children = children
        self.text = text
        self.position = position
    }

    package struct Attribute: Sendable, Hashable {
        package var name: String
        /// Empty for an attribute without a prefix.
        package var namespace: String
        package var value: String

        package init(name: String, namespace: String = "", value: String) {
            self.name = name
            self.namespace = namespace
            self.value = value
        }
    }

    /// The value of the attribute without a namespace, or of the one given.
    package func attribute(_ name: String, namespace: String = "") -> String? {
        attributes.first { $0.name == name && $0.namespace == namespace }?.value
    }

    package func children(named name: String, namespace: String) -> [SourceNode] {
        children.filter { $0.name == name && $0.namespace == namespace }
    }

    package func firstChild(named name: String, namespace: String) -> SourceNode? {
        children.first { $0.name == name && $0.namespace == namespace }
    }
}

/// Where something stands in a file; both count from 1, 0 means unknown.
package struct SourcePosition: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
