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
        return lines + uses(of: item) + instances(of: item)
    }

    /// A line for each thing that happens to users.
    private static func uses(of item: JSON) -> [String] {
        let majors = item.cell("action") == "added" ? [] : item["majors"]?.elements() ?? []
        var users: [String: Set<String>] = [:]
        for use in item["uses"]?.elements() ?? [] {
            let major = majors.first { "\(item.cell("name"))@\($0.cell("major"))" == use.cell("asksFor") }
            let fate = major.map { " (as \(Self.fate(of: $0, in: item)))" } ?? ""
            users[fate, default: []].insert("\(use.cell("workflow"))@\(use.cell("version"))")
        }
        return users.sorted { $0.key < $1.key }.map { fate, names in
            "    used by " + names.sorted().joined(separator: ", ") + fate
        }
    }

    /// A major, and what somebody who asks for it gets.
    private static func fate(of major: JSON, in item: JSON) -> String {
        let asked = "@\(major.cell("major")), "
        guard let after = major["after"]?.stringValue else { return asked + "of which no version is left" }
        // Where both sides gave one version to two things, the version stays and what it is does not.
        let changes = item["steps"]?.elements()?.contains { $0.cell("to") == after } == true
        return asked + (changes ? "now \(after)" : "still \(after)")
    }

    private static func instances(of item: JSON) -> [String] {
        (item["instances"]?.elements() ?? []).flatMap { one in
            let version = one["version"]?.stringValue.map { " (version \($0))" } ?? " (of no workflow contract)"
            let line = "    \(one.cell("running")) running of \(one.cell("definition"))\(version): "
            if item.cell("kind") == "workflow" {
                let (summary, details) = prospect(of: one)
                return [line + "they stay on it" + summary] + details.map { "        " + $0 }
            }
            let majors = (one["majors"]?.elements() ?? []).map { fate(of: $0, in: item) }.joined(separator: "; ")
            return [line + (majors.isEmpty ? "they use it" : "their tasks ask for \(majors)")]
        }
    }

    /// Whether instances could go over to the new version, and what keeps those that cannot.
    private static func prospect(of one: JSON) -> (summary: String, details: [String]) {
        guard let looked = one["looked"]?.intValue, let migratable = one["migratable"]?.intValue else {
            return ("", [])
        }
        let found = one["problems"]?.elements() ?? []
        let subject = one["hasMore"]?.boolValue == true ? "; of the \(looked) newest " : "; "
        var summary = subject + "\(migratable) can migrate, \(looked - migratable) cannot"
        if migratable == looked { summary = subject + "all can migrate" }
        if migratable == 0 { summary = subject + "none can migrate" }
        let problems = found.map { "\($0.cell("instances")) at \(MigrateCommand.line(of: $0))" }
        let known = Set(found.compactMap { $0["element"]?.stringValue })
        let unmapped = (one["unmapped"]?.elements() ?? []).filter { !known.contains($0.cell("element")) }
            .map { "no counterpart: \(MigrateCommand.line(of: $0))" }
        return (summary, problems + unmapped)
    }

    private static func summary(_ plan: JSON, _ items: [JSON]) -> String {
        /// A conflict that the source decides is what it does to the target.
        func count(_ change: String) -> Int { items.count { applies($0) && $0.cell("change") == change } }
        let open = items.count {
            $0.cell("action") == "conflict" && $0["resolution"]?.isNull != false && $0["chosen"]?.boolValue == true
        }
        let numbers =
            "\(count("added")) to add, \(count("modified")) to modify, \(count("removed")) to delete, "
            + "\(plan.cell("unchanged")) unchanged"
        var text = "\nPlan: \(numbers)" + (open > 0 ? ", \(open) conflict\(open == 1 ? "" : "s") to decide." : ".")
        if open > 0 { text += "\nDecide with --overwrite NAME or --keep NAME, or leave them out with --only." }
        if plan["canApply"]?.boolValue == true { text += "\nFingerprint: \(plan.cell("plan"))" }
        return text
    }
}
