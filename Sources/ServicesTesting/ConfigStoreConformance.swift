package import Services
import Values

/// What every config store must do, as named cases.
package enum ConfigStoreConformance {
    package typealias Case = StoreConformanceCase<any ConfigStore>

    private static let now = Timestamp(millisecondsSinceEpoch: 5_000)

    private static func entry(_ name: String, _ version: String = "1.0", hash: String, kind: String = "task")
        -> ArtifactEntry
    {
        ArtifactEntry(kind: kind, name: name, version: version, hash: hash)
    }

    /// A change set whose contents are the hashes' own texts.
    private static func change(_ parent: Int?, _ entries: [ArtifactEntry]) -> NewRevision {
        NewRevision(
            parent: parent, author: "ada", message: "why", entries: entries,
            contents: entries.map { ($0.hash, Array($0.hash.utf8)) })
    }

    private static func stored(_ number: Int, parent: Int?) -> PushOutcome {
        .stored(Revision(number: number, parent: parent, author: "ada", message: "why", at: now))
    }

    private static func requireMisuse(_ store: any ConfigStore, _ change: NewRevision) async throws {
        let head = try await store.head()
        do {
            _ = try await store.push(change, at: now)
        } catch let error as StoreError {
            try requireAnswer(error.kind, .misuse)
            try requireAnswer(try await store.head(), head)
            return
        }
        throw StoreConformanceFailure(description: "a broken change set was stored")
    }

    package static let cases: [Case] = [
        Case("is empty at first") { store in
            try requireAnswer(try await store.head(), nil)
            try requireAnswer(try await store.revisions(before: nil, limit: 10), [])
            try requireAnswer(try await store.artifacts(at: nil), [])
            try requireAnswer(try await store.artifacts(at: 1), [])
            try requireAnswer(try await store.content("h"), nil)
        },
        Case("stores a change set as the new head") { store in
            try requireAnswer(
                try await store.push(change(nil, [entry("a", hash: "h1")]), at: now), stored(1, parent: nil))
            try requireAnswer(
                try await store.push(change(1, [entry("a", hash: "h2"), entry("b", hash: "h1")]), at: now),
                stored(2, parent: 1))
            try requireAnswer(try await store.head()?.number, 2)
            try requireAnswer(try await store.artifacts(at: nil), [entry("a", hash: "h2"), entry("b", hash: "h1")])
            try requireAnswer(try await store.artifacts(at: 1), [entry("a", hash: "h1")])
            try requireAnswer(try await store.artifacts(at: 3), [])
            try requireAnswer(try await store.content("h1"), Array("h1".utf8))
        },
        Case("answers outdated when somebody pushed in between, and keeps nothing") { store in
            _ = try await store.push(change(nil, [entry("a", hash: "h1")]), at: now)
            let head = try await store.push(change(1, [entry("a", hash: "h2")]), at: now)
            for parent in [nil, 1, 3] {
                let outcome = try await store.push(change(parent, [entry("a", hash: "h3")]), at: now)
                guard case .stored(let revision) = head else { throw StoreConformanceFailure(description: "\(head)") }
                try requireAnswer(outcome, .outdated(revision))
            }
            try requireAnswer(try await store.content("h3"), nil)
            try requireAnswer(try await store.revisions(before: nil, limit: 10).map(\.number), [2, 1])
        },
        Case("lets one of many that push at once win") { store in
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let outcome = try await store.push(change(nil, [entry("a", hash: "h\(number)")]), at: now)
                        return outcome == stored(1, parent: nil)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireAnswer(wins, 1)
        },
        Case("makes no revision of what equals the head, in any order") { store in
            let entries = [entry("a", hash: "h1"), entry("b", hash: "h2")]
            guard case .stored(let head) = try await store.push(change(nil, entries), at: now) else {
                throw StoreConformanceFailure(description: "the first change set was not stored")
            }
            try requireAnswer(try await store.push(change(1, entries.reversed()), at: now), .unchanged(head))
            try requireAnswer(try await store.revisions(before: nil, limit: 10), [head])
        },
        Case("keeps where a revision came from, also of one that changes no entry") { store in
            var staged = change(nil, [entry("a", hash: "h1")])
            let origin = RevisionOrigin.staged(
                RevisionOrigin.Staged(store: "dev", revision: 7, plan: "p", base: "b"))
            staged.origin = origin
            guard case .stored(let first) = try await store.push(staged, at: now) else {
                throw StoreConformanceFailure(description: "the first change set was not stored")
            }
            try requireAnswer(first.origin, origin)
            staged.parent = 1
            staged.origin = .restored(1)
            guard case .stored(let second) = try await store.push(staged, at: now) else {
                throw StoreConformanceFailure(description: "an origin is something new")
            }
            try requireAnswer(try await store.head(), second)
            try requireAnswer(
                try await store.revisions(before: nil, limit: 9).map(\.origin), [.restored(1), origin])
        },
        Case("gives the lease of staging to one at a time, until it runs out or is given back") { store in
            func lease(_ id: String, _ until: Int64) -> StagingLease {
                StagingLease(id: id, holder: "h \(id)", until: Timestamp(millisecondsSinceEpoch: until))
            }
            func at(_ time: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: time) }
            try requireAnswer(try await store.takeLease(lease("a", 100), at: at(0)), nil)
            try requireAnswer(try await store.takeLease(lease("b", 200), at: at(99)), lease("a", 100))
            try requireAnswer(try await store.takeLease(lease("a", 150), at: at(99)), nil)
            try requireAnswer(try await store.takeLease(lease("b", 200), at: at(100)), lease("a", 150))
            try requireAnswer(try await store.takeLease(lease("b", 200), at: at(150)), nil)
            try await store.releaseLease("a")
            try requireAnswer(try await store.takeLease(lease("a", 300), at: at(160)), lease("b", 200))
            try await store.releaseLease("b")
            try requireAnswer(try await store.takeLease(lease("a", 300), at: at(160)), nil)
        },
        Case("needs no content that it has") { store in
            _ = try await store.push(change(nil, [entry("a", hash: "h1")]), at: now)
            var known = change(1, [entry("b", hash: "h1")])
            known.contents = []
            try requireAnswer(try await store.push(known, at: now), stored(2, parent: 1))
        },
        Case("refuses a change set with missing content, with an entry twice, or with a parent in an empty store") {
            store in
            try await requireMisuse(store, change(1, [entry("a", hash: "h1")]))
            var hollow = change(nil, [entry("a", hash: "h1"), entry("b", hash: "h2")])
            hollow.contents.removeLast()
            try await requireMisuse(store, hollow)
            try requireAnswer(try await store.content("h1"), nil)
            try await requireMisuse(store, change(nil, [entry("a", hash: "h1"), entry("a", hash: "h2")]))
        },
        Case("orders artifacts by kind, name and version number") { store in
            let ordered = [
                entry("z", hash: "h", kind: "bpmn"), entry("a", "1.2", hash: "h"), entry("a", "1.10", hash: "h"),
                entry("a", "10.0", hash: "h"), entry("b", "1.0", hash: "h"), entry("a", hash: "h", kind: "workflow"),
            ]
            _ = try await store.push(change(nil, ordered.reversed()), at: now)
            try requireAnswer(try await store.artifacts(at: nil), ordered)
        },
        Case("pages revisions, newest first") { store in
            for number in 1...5 {
                _ = try await store.push(
                    change(number == 1 ? nil : number - 1, [entry("a", hash: "h\(number)")]), at: now)
            }
            try requireAnswer(try await store.revisions(before: nil, limit: 2).map(\.number), [5, 4])
            try requireAnswer(try await store.revisions(before: 4, limit: 2).map(\.number), [3, 2])
            try requireAnswer(try await store.revisions(before: 2, limit: 9).map(\.parent), [nil])
            try requireAnswer(try await store.revisions(before: 1, limit: 9), [])
        },
    ]
}
