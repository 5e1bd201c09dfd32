import OrderedCollections
package import Values

/// What a new version of a contract breaks for those who use the old one. A new minor version must break nothing.
///
/// Inputs are weighed for those who give them: what was accepted must still be. Outputs, errors, and what comes with events, for those
/// who read them: what is given now must be what was promised. The comparison is structural and on the safe side (`SchemaComparison`).
package enum Compatibility {
    /// Breaks from `old` to `new`, with the field as element, and the place in the file of `new` if it was read from one; empty if a
    /// user of `old` can be served by `new`.
    package static func breaks(from old: Contract, to new: Contract) -> [Diagnostic] {
        var breaks: [Diagnostic] = []
        func add(_ finding: SchemaComparison.Finding) {
            let major = "\(old.version.major + 1).0"
            breaks.append(
                Diagnostic(
                    code: "breaking-change", position: new.places.position(of: finding.place.pointer),
                    element: finding.place.description,
                    message: "\(new.reference) breaks users of \(old.reference): \(finding.message)",
                    suggestion: finding.remedy.map { "\($0), or give it the version \(major)" }
                        ?? "give it the version \(major), or take the change back"))
        }
        func report(_ field: String, _ message: String, at pointer: String? = nil) {
            add(.init(SchemaPlace(description: field, pointer: pointer ?? "/\(field)"), message))
        }
        if old.kind != new.kind { report("kind", "it was a \(old.kind.rawValue) and is a \(new.kind.rawValue)") }
        compare(old.input, new.input, role: .input, "input", at: "/input").forEach(add)
        compare(new.output, old.output, role: .output, "output", at: "/output").forEach(add)
        for error in old.errors where !new.errors.contains(where: { $0.code == error.code }) {
            report("errors", "the error code \"\(error.code)\" is gone")
        }
        for (index, error) in new.errors.enumerated() where !old.errors.contains(where: { $0.code == error.code }) {
            report(
                "errors", "the error code \"\(error.code)\" is new, and their models do not catch it",
                at: "/errors/\(index)/code")
        }
        for event in old.events { self.breaks(of: event, in: new).forEach(add) }
        if new.isBusinessKeyUnique, !old.isBusinessKeyUnique {
            report("businessKey", "running instances may no longer have the same business key")
        }
        return breaks
    }

    private static func breaks(of event: Contract.DeclaredEvent, in new: Contract) -> [SchemaComparison.Finding] {
        guard let index = new.events.firstIndex(where: { $0.name == event.name }) else {
            return [
                .init(SchemaPlace(description: "events", pointer: "/events"), "the event \"\(event.name)\" is gone")
            ]
        }
        let now = new.events[index]
        let place = SchemaPlace(description: "events", pointer: "/events/\(index)")
        var findings: [SchemaComparison.Finding] = []
        if let interrupting = now.interrupting, interrupting != event.interrupting ?? interrupting {
            let change = interrupting ? "now ends" : "no longer ends"
            findings.append(.init(place, "the event \"\(event.name)\" \(change) the attempt"))
        }
        guard let before = event.payload else { return findings }
        guard let after = now.payload else {
            let message = "the event \"\(event.name)\" no longer promises what comes with it"
            return findings + [.init(place, message)]
        }
        return findings
            + compare(after, before, role: .output, "events.\(event.name)", at: "/events/\(index)/payload")
    }

    private static func compare(
        _ wide: JSON, _ narrow: JSON, role: SchemaComparison.Role, _ name: String, at pointer: String
    ) -> [SchemaComparison.Finding] {
        var comparison = SchemaComparison(from: wide.decoded(), to: narrow.decoded(), role: role)
        return comparison.compare(at: SchemaPlace(description: name, pointer: pointer))
    }
}
