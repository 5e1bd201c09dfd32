import Values

/// Changes XML that stays XML: elements go, come twice, move, and take each other's attributes, so that what is wrong is what
/// the document says and not how it is written.
struct TreeMutator {
    private let roots: [SourceNode]
    private let words: [String]

    init(roots: [SourceNode], words: [String]) {
        self.roots = roots
        self.words = words
    }

    /// Nil without a corpus.
    func input(_ dice: inout Dice) -> [UInt8]? {
        guard var root = dice.pick(roots) else { return nil }
        for _ in 0..<(1 + dice.roll(5)) { mutate(&root, &dice) }
        return XMLText.text(of: root)
    }

    private func mutate(_ root: inout SourceNode, _ dice: inout Dice) {
        // What belongs to the drawing is not where the trouble is.
        let places = Self.places(in: root).filter {
            Self.node($0, in: root).namespace.hasSuffix("MODEL") || dice.roll(4) == 0
        }
        guard let place = dice.pick(places) else { return }
        let donor = dice.pick(dice.roll(5) == 0 ? dice.pick(roots).map { Self.places(in: $0) } ?? [] : places) ?? place
        switch dice.roll(8) {
        case 0: Self.change(place, in: &root) { $0.children = dice.roll(2) == 0 ? [] : Array($0.children.dropLast()) }
        case 1:
            let copy = Self.node(donor, in: root)
            Self.change(place, in: &root) { $0.children.insert(copy, at: dice.roll($0.children.count + 1)) }
        case 2:
            Self.change(place, in: &root) {
                if !$0.children.isEmpty { $0.children.remove(at: dice.roll($0.children.count)) }
            }
        case 3: Self.change(place, in: &root) { $0.children.reverse() }
        case 4:
            let name = Self.node(donor, in: root).name
            Self.change(place, in: &root) { $0.name = name }
        case 5:
            let values = Self.node(donor, in: root).attributes
            let value = dice.pick(values)?.value ?? dice.pick(words) ?? ""
            Self.change(place, in: &root) { node in
                guard !node.attributes.isEmpty else { return }
                node.attributes[dice.roll(node.attributes.count)].value = value
            }
        case 6:
            Self.change(place, in: &root) {
                if !$0.attributes.isEmpty { $0.attributes.remove(at: dice.roll($0.attributes.count)) }
            }
        default:
            let text = dice.pick(words) ?? ""
            Self.change(place, in: &root) { $0.text = text }
        }
    }

    // MARK: Places

    /// The way to a node: an index into each level's children.
    private typealias Place = [Int]

    private static func places(in root: SourceNode) -> [Place] {
        var places: [Place] = [[]]
        var next = 0
        while next < places.count, places.count < 3000 {
            let place = places[next]
            places += node(place, in: root).children.indices.map { place + [$0] }
            next += 1
        }
        return places
    }

    /// The nearest node that is there.
    private static func node(_ place: Place, in root: SourceNode) -> SourceNode {
        var node = root
        for index in place where node.children.indices.contains(index) { node = node.children[index] }
        return node
    }

    private static func change(_ place: Place, in root: inout SourceNode, _ work: (inout SourceNode) -> Void) {
        change(place[...], in: &root, work)
    }

    private static func change(_ place: ArraySlice<Int>, in node: inout SourceNode, _ work: (inout SourceNode) -> Void)
    {
        guard let index = place.first, node.children.indices.contains(index) else { return work(&node) }
        change(place.dropFirst(), in: &node.children[index], work)
    }
}

/// Writes trees as XML.
enum XMLText {
    static func text(of node: SourceNode) -> [UInt8] {
        var text = ""
        write(node, to: &text, namespace: "")
        return Array(text.utf8)
    }

    /// The one namespace whose prefix is given, and that no other may be bound to.
    private static let xml = "http://www.w3.org/XML/1998/namespace"

    private static func write(_ node: SourceNode, to text: inout String, namespace: String) {
        let isXML = node.namespace == xml
        let name = isXML ? "xml:\(node.name)" : node.name
        text += "<\(name)"
        if !isXML, node.namespace != namespace { text += " xmlns=\"\(escaped(node.namespace))\"" }
        for (index, attribute) in node.attributes.enumerated() {
            switch attribute.namespace {
            case "": text += " \(attribute.name)=\"\(escaped(attribute.value))\""
            case xml: text += " xml:\(attribute.name)=\"\(escaped(attribute.value))\""
            default:
                text +=
                    " xmlns:n\(index)=\"\(escaped(attribute.namespace))\" n\(index):\(attribute.name)=\"\(escaped(attribute.value))\""
            }
        }
        text += ">\(escaped(node.text))"
        for child in node.children { write(child, to: &text, namespace: isXML ? namespace : node.namespace) }
        text += "</\(name)>"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\t", "\r": escaped += "&#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
