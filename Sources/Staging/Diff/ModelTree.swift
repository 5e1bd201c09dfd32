import OrderedCollections
import Values

/// A model as a comparison sees it: its elements by id, each with what is said about it; and its diagrams, which say nothing about
/// what it does.
struct ModelTree {
    struct Element {
        /// `serviceTask`, `sequenceFlow`, `message`.
        var type: String
        /// The subprocess, process or lane set it is in.
        var container: String?
        /// What is said about it, by place: attributes, children, text.
        var facts: OrderedDictionary<String, String> = [:]

        var name: String? { facts["name"] }
    }

    var elements: OrderedDictionary<String, Element> = [:]
    var diagrams: [SourceNode] = []
    /// The namespace of BPMN, or of DMN: whichever the file is.
    private let model: String

    private static let namespaces = [
        "http://www.omg.org/spec/BPMN/20100524/MODEL": "", "http://camunda.org/schema/1.0/bpmn": "camunda:",
        "http://camunda.org/schema/zeebe/1.0": "zeebe:", "https://waybill.dev/bpmn/1.0": "waybill:",
        "http://activiti.org/bpmn": "camunda:", "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
    ]
    /// What other elements stand in.
    private static let containers: Set<String> = [
        "definitions", "process", "subProcess", "transaction", "adHocSubProcess", "collaboration", "laneSet", "lane",
        "childLaneSet",
    ]
    /// Says again what the flows say.
    private static let repeated: Set<String> = ["incoming", "outgoing"]
    /// Parts of the element they are in, although they may have ids of their own.
    private static let inner: Set<String> = ["ioSpecification", "property", "documentation", "extensionElements"]

    init(_ root: SourceNode) {
        model = root.namespace
        walk(root, container: nil)
    }

    private mutating func walk(_ node: SourceNode, container: String?) {
        for child in node.children {
            if child.namespace.hasSuffix("/DI") || child.namespace.contains("/DMNDI") {
                diagrams.append(Self.normalized(child))
            } else if let id = child.attribute("id"), isElement(child, in: node) {
                var element = Element(type: child.name, container: container)
                for attribute in child.attributes { note(attribute, at: "", in: &element) }
                note(
                    child.children.filter { !isElement($0, in: child) || $0.attribute("id") == nil }, at: "",
                    in: &element)
                elements[id] = element
                if Self.containers.contains(child.name) { walk(child, container: id) }
            } else if Self.containers.contains(child.name), child.namespace == model {
                walk(child, container: container)
            }
        }
    }

    private func isElement(_ node: SourceNode, in parent: SourceNode) -> Bool {
        guard node.namespace == model, Self.containers.contains(parent.name), !Self.inner.contains(node.name) else {
            return false
        }
        return parent.name == "definitions"
            || !(node.name.hasSuffix("EventDefinition") || node.name.hasSuffix("LoopCharacteristics"))
    }

    private func note(_ attribute: SourceNode.Attribute, at path: String, in element: inout Element) {
        // Ids of inner parts are made up by modelers and mean nothing.
        guard attribute.name != "id" || !attribute.namespace.isEmpty else { return }
        Self.add(path + Self.prefix(attribute.namespace) + attribute.name, attribute.value, to: &element)
    }

    /// What inner parts say. Recursive, as deep as files may be.
    private func note(_ nodes: [SourceNode], at path: String, in element: inout Element) {
        var counts: [String: Int] = [:]
        for node in nodes where !Self.repeated.contains(node.name) {
            // What only groups is no part of a place that people know.
            if ["extensionElements", "inputOutput", "ioMapping"].contains(node.name) {
                note(node.children, at: path, in: &element)
                continue
            }
            let key = key(of: node)
            var place = path + Self.prefix(node.namespace) + node.name + (key.map { "[\($0)]" } ?? "")
            counts[place, default: 0] += 1
            if let count = counts[place], count > 1 { place += "#\(count)" }
            let text = Self.trimmed(node.text)
            if !text.isEmpty || (node.children.isEmpty && !node.attributes.contains { $0.name != "id" }) {
                Self.add(place, text, to: &element)
            }
            for attribute in node.attributes where attribute.value != key {
                note(attribute, at: place + ".", in: &element)
            }
            note(node.children, at: place + ".", in: &element)
        }
    }

    private func key(of node: SourceNode) -> String? {
        guard node.namespace != model else { return nil }
        return node.attribute("name") ?? node.attribute("target") ?? node.attribute("key")
    }

    /// The second fact at one place gets a number.
    private static func add(_ place: String, _ text: String, to element: inout Element) {
        guard element.facts[place] != nil else {
            element.facts[place] = text
            return
        }
        var number = 2
        while element.facts["\(place)#\(number)"] != nil { number += 1 }
        element.facts["\(place)#\(number)"] = text
    }

    private static func prefix(_ namespace: String) -> String {
        if namespace.isEmpty || namespace.contains("/spec/DMN/") { return "" }
        return namespaces[namespace] ?? "{\(namespace)}"
    }

    /// Without what a modeler makes anew: ids, and where it stands in the file.
    private static func normalized(_ node: SourceNode) -> SourceNode {
        SourceNode(
            name: node.name, namespace: node.namespace,
            attributes: node.attributes.filter { $0.name != "id" }.sorted {
                ($0.namespace, $0.name) < ($1.namespace, $1.name)
            },
            children: node.children.map(normalized), text: trimmed(node.text))
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }
}
