package import Values

/// The drawing that a modeler keeps in a BPMN file: where shapes and edges are.
package struct Diagram: Sendable {
    struct Bounds: Sendable {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
    }

    struct Shape: Sendable {
        /// The id of what it shows.
        let element: String
        let bounds: Bounds
        let isExpanded: Bool
        let label: Bounds?
    }

    struct Edge: Sendable {
        let element: String
        let points: [(x: Double, y: Double)]
        let label: Bounds?
    }

    let shapes: [Shape]
    let edges: [Edge]
    /// What the model says of an element, by id.
    let nodes: [String: Node]

    struct Node: Sendable {
        let tag: String
        let name: String?
        /// The local name of the event definition inside.
        let event: String?
        let isInterrupting: Bool
        /// Where a flow leads from.
        let source: String?
        let isDefault: Bool
    }

    private static let interchange = "http://www.omg.org/spec/BPMN/20100524/DI"
    /// Farther out than any drawing: what is there is a mistake of the file.
    private static let limit = 1_000_000.0

    /// Nil if the file has no drawing. `root`: of a BPMN file.
    package init?(_ root: SourceNode) {
        var shapes: [Shape] = []
        var edges: [Edge] = []
        let planes = root.children(named: "BPMNDiagram", namespace: Self.interchange)
            .flatMap { $0.children(named: "BPMNPlane", namespace: Self.interchange) }
        // Planes after the first are of collapsed subprocesses, drawn elsewhere on the same coordinates.
        for node in planes.first?.children ?? [] {
            guard let element = node.attribute("bpmnElement") else { continue }
            if node.name == "BPMNShape", let bounds = Self.bounds(of: node) {
                shapes.append(
                    Shape(
                        element: element, bounds: bounds, isExpanded: node.attribute("isExpanded") != "false",
                        label: Self.label(of: node)))
            } else if node.name == "BPMNEdge" {
                let points = node.children.filter { $0.name == "waypoint" }.compactMap { point -> (Double, Double)? in
                    guard let x = Self.number("x", of: point), let y = Self.number("y", of: point) else { return nil }
                    return (x, y)
                }
                if points.count > 1 {
                    edges.append(Edge(element: element, points: points, label: Self.label(of: node)))
                }
            }
        }
        guard !shapes.isEmpty else { return nil }
        self.shapes = shapes
        self.edges = edges
        var nodes: [String: Node] = [:]
        var defaults: Set<String> = []
        Self.collect(root, into: &nodes, &defaults)
        for id in defaults {
            if let flow = nodes[id] {
                nodes[id] = Node(
                    tag: flow.tag, name: flow.name, event: flow.event, isInterrupting: true, source: flow.source,
                    isDefault: true)
            }
        }
        self.nodes = nodes
    }

    private static func collect(_ node: SourceNode, into nodes: inout [String: Node], _ defaults: inout Set<String>) {
        var rest = [node]
        while let next = rest.popLast() {
            if let id = next.attribute("id"), next.namespace != interchange {
                let event = next.children.first { $0.name.hasSuffix("EventDefinition") }?.name
                let isInterrupting =
                    next.attribute("cancelActivity") != "false" && next.attribute("isInterrupting") != "false"
                nodes[id] = Node(
                    tag: next.name, name: next.attribute("name"), event: event, isInterrupting: isInterrupting,
                    source: next.attribute("sourceRef"), isDefault: false)
            }
            if let flow = next.attribute("default") { defaults.insert(flow) }
            rest += next.children
        }
    }

    private static func label(of node: SourceNode) -> Bounds? {
        node.children.first { $0.name == "BPMNLabel" }.flatMap { bounds(of: $0) }
    }

    private static func bounds(of node: SourceNode) -> Bounds? {
        guard let bounds = node.children.first(where: { $0.name == "Bounds" }), let x = number("x", of: bounds),
            let y = number("y", of: bounds), let width = number("width", of: bounds),
            let height = number("height", of: bounds), width >= 0, height >= 0
        else { return nil }
        return Bounds(x: x, y: y, width: width, height: height)
    }

    private static func number(_ name: String, of node: SourceNode) -> Double? {
        guard let text = node.attribute(name), let number = Double(text), abs(number) <= limit else { return nil }
        return number
    }
}
