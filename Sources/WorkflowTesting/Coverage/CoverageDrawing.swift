package import Values

/// A BPMN diagram as SVG, with what tests have been through in colour.
package struct CoverageDrawing {
    private let diagram: Diagram
    private let visits: [String: Int]
    private var lines: [String] = []

    private static let covered = (stroke: "#1b7f3b", fill: "#d8f3df")
    private static let missed = (stroke: "#b3261e", fill: "#fdeceb")
    private static let plain = (stroke: "#5f6368", fill: "none")

    /// Nil if the model has no diagram.
    package static func svg(of root: SourceNode, _ coverage: [ProcessCoverage]) -> String? {
        guard let diagram = Diagram(root) else { return nil }
        var visits: [String: Int] = [:]
        for part in coverage.flatMap({ $0.elements + $0.flows }) { visits[part.id, default: 0] += part.visits }
        var drawing = CoverageDrawing(diagram: diagram, visits: visits)
        return drawing.draw(coverage)
    }

    private init(diagram: Diagram, visits: [String: Int]) {
        self.diagram = diagram
        self.visits = visits
    }

    private mutating func draw(_ coverage: [ProcessCoverage]) -> String {
        let bounds =
            diagram.shapes.map(\.bounds) + diagram.shapes.compactMap(\.label) + diagram.edges.compactMap(\.label)
        let points = diagram.edges.flatMap(\.points)
        let left = (bounds.map(\.x) + points.map(\.x)).min() ?? 0
        let top = (bounds.map(\.y) + points.map(\.y)).min() ?? 0
        let right = (bounds.map { $0.x + $0.width } + points.map(\.x)).max() ?? 0
        let bottom = (bounds.map { $0.y + $0.height } + points.map(\.y)).max() ?? 0
        let margin = 20.0
        let legend = coverage.map { $0.text.split(separator: "\n").first.map { String($0) } ?? "" }
        let width = right - left + 2 * margin
        let height = bottom - top + 2 * margin + Double(legend.count) * 18
        lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="\(Self.text(left - margin)) \(Self.text(top - margin)) \
            \(Self.text(width)) \(Self.text(height))" width="\(Self.text(width))" height="\(Self.text(height))" \
            font-family="sans-serif" font-size="12">
            """,
            "<rect x=\"\(Self.text(left - margin))\" y=\"\(Self.text(top - margin))\" width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        for marker in [("covered", Self.covered.stroke), ("missed", Self.missed.stroke), ("plain", Self.plain.stroke)] {
            lines.append(
                """
                <marker id="arrow-\(marker.0)" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" \
                orient="auto"><path d="M0 1 L10 5 L0 9 Z" fill="\(marker.1)"/></marker>
                """)
        }
        // Containers first, so that what is in them lies on top.
        let containers = diagram.shapes.filter { isContainer($0) }
        for shape in containers { draw(shape) }
        for edge in diagram.edges { draw(edge) }
        for shape in diagram.shapes where !isContainer(shape) { draw(shape) }
        for (index, line) in legend.enumerated() {
            label(line, x: left, y: bottom + margin + Double(index + 1) * 16, anchor: "start")
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    // MARK: Shapes

    private func isContainer(_ shape: Diagram.Shape) -> Bool {
        switch diagram.nodes[shape.element]?.tag {
        case "participant", "lane", "group": true
        case "subProcess", "transaction", "adHocSubProcess": shape.isExpanded
        default: false
        }
    }

    private func colours(of element: String) -> (stroke: String, fill: String, marker: String) {
        switch visits[element] {
        case nil: (Self.plain.stroke, Self.plain.fill, "plain")
        case 0: (Self.missed.stroke, Self.missed.fill, "missed")
        default: (Self.covered.stroke, Self.covered.fill, "covered")
        }
    }

    private mutating func draw(_ shape: Diagram.Shape) {
        let node = diagram.nodes[shape.element]
        let (stroke, fill, _) = colours(of: shape.element)
        let bounds = shape.bounds
        let tag = node?.tag ?? ""
        lines.append("<g id=\"\(Self.escaped(shape.element))\" stroke=\"\(stroke)\" fill=\"\(fill)\">")
        if let count = visits[shape.element] {
            lines.append("<title>\(Self.escaped(shape.element)): \(count) times</title>")
        }
        if tag.hasSuffix("Event") {
            drawEvent(node, bounds, stroke)
        } else if tag.hasSuffix("Gateway") {
            drawGateway(tag, bounds, stroke)
        } else {
            drawBox(tag, shape)
        }
        lines.append("</g>")
        guard let name = node?.name, !name.isEmpty else { return }
        if let place = shape.label {
            label(name, x: place.x + place.width / 2, y: place.y + 11, wrappingAt: 90)
        } else if tag.hasSuffix("Event") || tag.hasSuffix("Gateway") {
            label(name, x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height + 14, wrappingAt: 90)
        } else if isContainer(shape) {
            label(name, x: bounds.x + 10, y: bounds.y + 18, anchor: "start")
        } else {
            label(
                name, x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 + 4, wrappingAt: bounds.width - 8,
                isCentred: true)
        }
    }

    private mutating func drawBox(_ tag: String, _ shape: Diagram.Shape) {
        let bounds = shape.bounds
        let fill = isContainer(shape) ? " fill-opacity=\"0.25\"" : ""
        let radius = tag == "participant" || tag == "lane" ? 0 : 10
        let dash = tag == "group" ? " stroke-dasharray=\"8 4\"" : ""
        let weight = tag == "callActivity" ? 3 : 1.5
        lines.append(
            """
            <rect x="\(Self.text(bounds.x))" y="\(Self.text(bounds.y))" width="\(Self.text(bounds.width))" \
            height="\(Self.text(bounds.height))" rx="\(radius)" stroke-width="\(weight)"\(fill)\(dash)/>
            """)
    }

    private mutating func drawEvent(_ node: Diagram.Node?, _ bounds: Diagram.Bounds, _ stroke: String) {
        let (x, y) = (bounds.x + bounds.width / 2, bounds.y + bounds.height / 2)
        let radius = min(bounds.width, bounds.height) / 2
        let tag = node?.tag ?? ""
        let weight = tag == "endEvent" ? 3.5 : 1.5
        let dash = node?.isInterrupting == false ? " stroke-dasharray=\"4 3\"" : ""
        // An event on the edge of an activity covers that edge.
        let ground = tag == "boundaryEvent" ? circle(x, y, radius, " fill=\"white\" stroke=\"none\"") : nil
        if let ground { lines.append(ground) }
        lines.append(circle(x, y, radius, " stroke-width=\"\(weight)\"\(dash)"))
        if tag.hasPrefix("intermediate") || tag == "boundaryEvent" {
            lines.append(circle(x, y, max(radius - 3, 0), " fill=\"none\"\(dash)"))
        }
        let signs = [
            "timerEventDefinition": "◷", "messageEventDefinition": "✉", "signalEventDefinition": "△",
            "errorEventDefinition": "↯", "escalationEventDefinition": "⇑", "compensateEventDefinition": "⏪",
            "conditionalEventDefinition": "☰", "linkEventDefinition": "➔", "terminateEventDefinition": "●",
            "cancelEventDefinition": "✕",
        ]
        if let sign = node?.event.flatMap({ signs[$0] }) {
            lines.append(
                """
                <text x="\(Self.text(x))" y="\(Self.text(y + 6))" text-anchor="middle" font-size="17" stroke="none" \
                fill="\(stroke)">\(sign)</text>
                """)
        }
    }

    private func circle(_ x: Double, _ y: Double, _ radius: Double, _ attributes: String) -> String {
        "<circle cx=\"\(Self.text(x))\" cy=\"\(Self.text(y))\" r=\"\(Self.text(radius))\"\(attributes)/>"
    }

    private mutating func drawGateway(_ tag: String, _ bounds: Diagram.Bounds, _ stroke: String) {
        let (x, y) = (bounds.x + bounds.width / 2, bounds.y + bounds.height / 2)
        let corners = [(x, bounds.y), (bounds.x + bounds.width, y), (x, bounds.y + bounds.height), (bounds.x, y)]
        lines.append("<polygon points=\"\(Self.text(corners))\" stroke-width=\"1.5\"/>")
        let signs = [
            "exclusiveGateway": "✕", "parallelGateway": "✚", "inclusiveGateway": "◯", "eventBasedGateway": "⬠",
            "complexGateway": "✳",
        ]
        lines.append(
            """
            <text x="\(Self.text(x))" y="\(Self.text(y + 7))" text-anchor="middle" font-size="20" stroke="none" \
            fill="\(stroke)">\(signs[tag] ?? "")</text>
            """)
    }

    // MARK: Flows

    private mutating func draw(_ edge: Diagram.Edge) {
        let node = diagram.nodes[edge.element]
        let (stroke, _, marker) = colours(of: edge.element)
        let isFlow = node?.tag == "sequenceFlow"
        let dash = isFlow ? (visits[edge.element] == 0 ? " stroke-dasharray=\"6 4\"" : "") : " stroke-dasharray=\"2 4\""
        let arrow = node?.tag == "association" ? "" : " marker-end=\"url(#arrow-\(marker))\""
        lines.append(
            """
            <polyline id="\(Self.escaped(edge.element))" points="\(Self.text(edge.points))" fill="none" \
            stroke="\(stroke)" stroke-width="\(marker == "covered" ? 2.5 : 1.5)"\(dash)\(arrow)/>
            """)
        if let first = edge.points.first, node?.isDefault == true {
            label("/", x: first.x + 8, y: first.y + 4)
        }
        guard let name = node?.name, !name.isEmpty, let place = edge.label else { return }
        label(name, x: place.x + place.width / 2, y: place.y + 11, wrappingAt: max(place.width, 60))
    }

    // MARK: Text

    private mutating func label(
        _ text: String, x: Double, y: Double, wrappingAt width: Double? = nil, anchor: String = "middle",
        isCentred: Bool = false
    ) {
        let rows = Self.wrap(text, at: width.map { max(Int($0 / 6.2), 4) })
        let first = isCentred ? y - Double(rows.count - 1) * 7 : y
        for (index, row) in rows.enumerated() {
            lines.append(
                """
                <text x="\(Self.text(x))" y="\(Self.text(first + Double(index) * 14))" text-anchor="\(anchor)" \
                fill="#202124">\(Self.escaped(row))</text>
                """)
        }
    }

    private static func wrap(_ text: String, at limit: Int?) -> [String] {
        guard let limit else { return [text] }
        var rows: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let last = rows.last, last.count + word.count < limit {
                rows[rows.count - 1] = last + " " + word
            } else {
                rows.append(String(word))
            }
        }
        return rows
    }

    private static func text(_ points: [(Double, Double)]) -> String {
        points.map { "\(text($0.0)),\(text($0.1))" }.joined(separator: " ")
    }

    /// At most two decimals.
    private static func text(_ number: Double) -> String {
        let rounded = (number * 100).rounded() / 100
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func escaped(_ text: String) -> String { XMLText.escaped(text) }
}
