import ProcessEngine
import Staging
import Values

/// The revisions that made a store what it is: a rollback leads on to what it restored, past all that it took back.
struct StagingHistory {
    let store: any ConfigStore

    private static let page = 200

    /// The newest of them that `isWanted`.
    func newest(where isWanted: (Revision) -> Bool) async throws -> Revision? {
        guard var number = try await store.head()?.number else { return nil }
        var known: [Int: Revision] = [:]
        while true {
            if known[number] == nil {
                for revision in try await store.revisions(before: number + 1, limit: Self.page) {
                    known[revision.number] = revision
                }
            }
            guard let revision = known[number] else { return nil }
            if isWanted(revision) { return revision }
            let before: Int? =
                switch revision.origin {
                case .restored(let restored): restored
                case .staged, nil: revision.parent
                }
            // Only older ones, whatever the store says.
            guard let before, before < number else { return nil }
            number = before
        }
    }

    /// What this store and another had in common when that one was last staged here, and the other's revision then.
    func base(with source: String) async throws -> (base: StagingBase, revision: Int?) {
        let last = try await newest { $0.origin?.staged?.store == source }
        guard let staged = last?.origin?.staged else { return (StagingBase(), nil) }
        guard let bytes = try await store.content(staged.base), let json = try? JSON(validating: bytes),
            let base = StagingBase(json)
        else { throw StoreError(.corrupt, "the base of revision \(last?.number ?? 0) cannot be read") }
        return (base, staged.revision)
    }
}

extension RevisionOrigin {
    var staged: Staged? {
        switch self {
        case .staged(let staged): staged
        case .restored: nil
        }
    }
}
