package import Values

/// How stores keep the origin of a revision: as a text.
extension RevisionOrigin {
    package var json: JSON {
        switch self {
        case .staged(let staged):
            .object([
                ("kind", .string("staged")), ("store", .string(staged.store)), ("revision", .number(staged.revision)),
                ("plan", .string(staged.plan)), ("base", .string(staged.base)),
            ])
        case .restored(let revision): .object([("kind", .string("restored")), ("revision", .number(revision))])
        }
    }

    /// Reads what `json` wrote. Throws `StoreError` if it is something else.
    package init(stored text: String) throws(StoreError) {
        let json = try? JSON(validating: text)
        switch (json?["kind"]?.stringValue, json?["revision"]?.intValue) {
        case ("staged", let revision?):
            self = .staged(
                Staged(
                    store: json?["store"]?.stringValue ?? "", revision: revision,
                    plan: json?["plan"]?.stringValue ?? "", base: json?["base"]?.stringValue ?? ""))
        case ("restored", let revision?): self = .restored(revision)
        default: throw StoreError(.corrupt, "\(text.debugDescription) is no origin of a revision")
        }
    }
}
