import Values

/// A plan as text for people.
struct PlanText {
    private(set) var text = ""
    /// How many parts an apply would change.
    let changes: Int

    init(_ plan: JSON) {
        let items = plan["items"]?.elements() ?? []
        let chosen = items.filter { Self.applies($0) }
        changes = chosen.count
        var lines = Self.heading(plan)
        for item in items where item.cell("action") != "kept" { lines += Self.lines(of: item) }
        let kept = items.filter { $0.cell("action") == "kept" }
        if !kept.isEmpty {
            lines.append("Only in the target, or changed there alone; they stay:")
            lines += kept.map { "    \($0.cell("kind")) \($0.cell("name"))" }
        }
        for missing in plan["missingSettings"]?.elements() ?? [] {
            lines.append("! the target has no setting \(missing.cell("name")), which \(missing.cell("contract")) needs")
        }
        for problem in plan["problems"]?.elements() ?? [] { lines.append(CommandError.line(of: problem)) }
        lines.append(Self.summary(plan, items))
        text = lines.joined(separator: "\n")
    }

    /// What a rollback changes.
    static func rollback(_ preview: JSON) -> String {
        let parts = preview["parts"]?.elements() ?? []
        guard !parts.isEmpty else { return "  nothing differs" }
        return parts.flatMap { part in DiffText([part]).lines + instances(of: part) }.joined(separator: "\n")
    }

    private static func heading(_ plan: JSON) -> [String] {
        let source = plan["source"] ?? .emptyObject
        let head = plan["target"]?["head"]?["number"]?.intValue
        var lines = [
            "From revision \(source.cell("revision")) of \(source.cell("store").prefix(8)) (\(source.cell("author")): "
                + "\(source.cell("message"))) to revision \(head ?? 0) of \(plan["target"]?.cell("store").prefix(8) ?? "")."
        ]
        if let last = source["lastStaged"]?.intValue {
            lines.append("Last staged from there: revision \(last).")
        } else {
            lines.append("Never staged from there before.")
        }
        if let key = source["signedBy"]?.stringValue { lines.append("Signed by \(key).") }
        return lines + [""]
    }

    private static func applies(_ item: JSON) -> Bool {
        guard item["chosen"]?.boolValue == true else { return false }
        let action = item.cell("action")
        return action != "kept" && (action != "conflict" || item.cell("resolution") == "overwrite")
    }

    private static func lines(of item: JSON) -> [String] {
        let action = item.cell("action")
        var title = "\(action): \(item.cell("kind")) \(item.cell("name"))"
        if item["chosen"]?.boolValue != true { title += " (left out)" }
        if action == "conflict" {
            switch item.cell("resolution") {
            case "overwrite": title += " (the source counts)"
            case "keep": title += " (the target counts)"
            default: title += " (not decided)"
            }
        }
        var lines = ["\(DiffText.sign(action)) " + title]
        if action == "conflict" {
            for (side, member) in [("source", "inSource"), ("target", "inTarget")] {
                let did = (item[member]?.elements() ?? []).compactMap(\.stringValue).joined(separator: ", ")
                lines.append("    the \(side) \(did)")
            }
        }
        lines += DiffText([item]).lines.dropFirst()
        let uses = Set((item["uses"]?.elements() ?? []).map { "\($0.cell("workflow"))@\($0.cell("version"))" })
        if !uses.isEmpty { lines.append("    used by " + uses.sorted().joined(separator: ", ")) }
        return lines + instances(of: item)
    }

    private static func instances(of item: JSON) -> [String] {
        (item["instances"]?.elements() ?? []).flatMap { one in
            let count = one.cell("running")
            var line = "    \(count) running of \(one.cell("definition")) (version \(one.cell("version")))"
            if item.cell("kind") == "workflow" {
                line += ": they stay on it"
                if one["canMigrate"]?.boolValue == true { line += ", and can migrate" }
                let obstacles = (one["obstacles"]?.elements() ?? []).compactMap(\.stringValue)
                if !obstacles.isEmpty { line += "; those cannot migrate that stand at" }
                return [line] + obstacles.map { "        " + $0 }
            } else {
                line += ": their tasks follow the newest minor version"
            }
            return [line]
        }
    }

    private static func summary(_ plan: JSON, _ items: [JSON]) -> String {
        func count(_ action: String) -> Int { items.count { $0.cell("action") == action && applies($0) } }
        let open = items.count {
            $0.cell("action") == "conflict" && $0["resolution"]?.isNull != false && $0["chosen"]?.boolValue == true
        }
        let numbers =
            "\(count("added")) to add, \(count("modified") + count("conflict")) to modify, \(count("deleted")) to delete, "
            + "\(plan.cell("unchanged")) unchanged"
        var text = "\nPlan: \(numbers)" + (open > 0 ? ", \(open) conflict\(open == 1 ? "" : "s") to decide." : ".")
        if open > 0 { text += "\nDecide with --overwrite NAME or --keep NAME, or leave them out with --only." }
        if plan["canApply"]?.boolValue == true { text += "\nFingerprint: \(plan.cell("plan"))" }
        return text
    }
}
