import Values

/// Differences as text for people: `+` added, `-` removed, `~` changed.
struct DiffText {
    private(set) var lines: [String] = []

    /// The parts of an answer, as `/v1/config/diff` has them.
    init(_ parts: [JSON]) {
        for part in parts { add(part) }
    }

    var text: String { lines.joined(separator: "\n") }

    static func sign(_ change: String) -> String {
        switch change {
        case "added": "+"
        case "removed", "deleted": "-"
        case "conflict": "!"
        default: "~"
        }
    }

    private mutating func add(_ part: JSON) {
        let versions = [("added", "versionsAdded"), ("removed", "versionsRemoved")].flatMap { word, member in
            (part[member]?.elements() ?? []).map { "\(word) \($0.stringValue ?? "")" }
        }
        let suffix = versions.isEmpty ? "" : "  (\(versions.joined(separator: ", ")))"
        lines.append("\(Self.sign(part.cell("change"))) \(part.cell("kind")) \(part.cell("name"))\(suffix)")
        for step in part["steps"]?.elements() ?? [] where part.cell("change") != "added" { addStep(step) }
    }

    mutating func addStep(_ step: JSON) {
        let meaning =
            switch step.cell("compatibility") {
            case "breaking": "BREAKS its users"
            case "newMajor": "a new major version; users of older ones keep them"
            case "gone": "the major version is gone"
            case "unchanged": "the contract says the same"
            case "new": "new"
            default: step.cell("compatibility")
            }
        let range = step["to"]?.isNull == false ? "\(step.cell("from")) → \(step.cell("to"))" : step.cell("from")
        lines.append("    \(range): \(meaning)")
        for change in step["contract"]?.elements() ?? [] { lines.append("      " + Self.line(of: change)) }
        for finding in step["breaks"]?.elements() ?? [] { lines.append("      ! \(finding.cell("message"))") }
        for model in step["models"]?.elements() ?? [] { addModel(model) }
    }

    private mutating func addModel(_ model: JSON) {
        let elements = model["elements"]?.elements() ?? []
        let hasLayout = model["layoutChanged"]?.boolValue == true
        if elements.isEmpty {
            lines.append(
                "      \(model.cell("process")): "
                    + (hasLayout ? "only the layout changed" : "only the text of the file changed"))
            return
        }
        lines.append("      \(model.cell("process")):")
        for element in elements {
            var line = "        \(Self.sign(element.cell("change"))) \(element.cell("type")) \(element.cell("id"))"
            if let name = element["name"]?.stringValue { line += " \"\(name)\"" }
            if let from = element["from"]?.stringValue, let to = element["to"]?.stringValue {
                line += " (\(from) → \(to))"
            }
            lines.append(line)
            for change in element["changes"]?.elements() ?? [] { lines.append("            " + Self.line(of: change)) }
        }
        if hasLayout { lines.append("        and the layout") }
    }

    private static func line(of change: JSON) -> String {
        let path = change.cell("path")
        switch (change["before"], change["after"]) {
        case (let before?, let after?): return "~ \(path): \(brief(before)) → \(brief(after))"
        case (nil, let after?): return "+ \(path)" + suffix(after)
        case (let before?, nil): return "- \(path)" + suffix(before)
        case (nil, nil): return path
        }
    }

    private static func suffix(_ value: JSON) -> String {
        value.boolValue == true || value == .emptyObject ? "" : ": \(brief(value))"
    }

    /// One line, not too long.
    private static func brief(_ value: JSON) -> String {
        let text = (value.stringValue ?? value.text).replacing("\n", with: " ")
        return text.count > 100 ? text.prefix(99) + "…" : text
    }
}
