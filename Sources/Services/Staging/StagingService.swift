import Contracts
import Decisions
import ProcessEngine
package import Staging
import Values

/// Moves what another installation has into this one: a plan that says all it would do, an apply that does it whole or not at all, and
/// a rollback that takes it back.
package struct StagingService: Sendable {
    /// What a person chose.
    package struct Options: Sendable, Hashable {
        /// Parts by name, or by kind and name; empty for all.
        package var only: [String] = []
        /// Conflicts in which the source's state counts.
        package var overwrite: [String] = []
        /// Conflicts in which the target's state counts.
        package var keep: [String] = []
        /// Take a new minor version that breaks its users.
        package var allowsBreaking = false
        package init() {}
    }

    /// Who stages: one person at a time.
    package struct Person: Sendable, Hashable {
        package var author: String
        /// Of the lease that the person has, or wants.
        package var lease: String
        package init(author: String, lease: String) {
            self.author = author
            self.lease = lease
        }
    }

    /// How bundles are trusted; the signature itself is checked by a library that the wiring knows.
    package struct Trust: Sendable {
        /// Whether the signature of a public key is one of these bytes.
        package var verify: @Sendable (_ signature: StagingBundle.Signature, _ manifest: [UInt8]) -> Bool
        /// Public keys, hexadecimal. If there are any, a bundle must be signed by one of them.
        package var keys: Set<String>
        package init(
            keys: Set<String> = [], verify: @escaping @Sendable (StagingBundle.Signature, [UInt8]) -> Bool
        ) {
            self.keys = keys
            self.verify = verify
        }
    }

    let config: ConfigService
    let index: any IndexStore
    let registry: DefinitionRegistry
    let migrations: MigrationService
    let trust: Trust
    /// The names of the settings that this installation has, for its stage.
    let settingNames: @Sendable () async throws -> Set<String>

    package init(
        config: ConfigService, index: any IndexStore, registry: DefinitionRegistry, migrations: MigrationService,
        trust: Trust,
        settingNames: @escaping @Sendable () async throws -> Set<String>
    ) {
        self.config = config
        self.index = index
        self.registry = registry
        self.migrations = migrations
        self.trust = trust
        self.settingNames = settingNames
    }

    // MARK: Bundles

    /// A revision as a bundle, the newest with nil. Throws `Rejection(.gone)` if there is none.
    package func bundle(of revision: Int?) async throws -> StagingBundle {
        let snapshot = try await config.snapshot(at: revision)
        guard let revision = snapshot.revision else { throw Rejection(.gone, "the config store is empty") }
        return StagingBundle(
            origin: StagingBundle.Origin(
                store: snapshot.store, revision: revision.number, author: revision.author, message: revision.message,
                at: revision.at.iso8601),
            artifacts: snapshot.artifacts.map { Artifact($0.entry) },
            contents: Dictionary(snapshot.artifacts.map { ($0.entry.hash, $0.content) }, uniquingKeysWith: { $1 }))
    }

    /// The same as a file.
    package func archive(of revision: Int?) async throws -> [UInt8] {
        try await bundle(of: revision).archive(hash: config.hash)
    }

    /// Reads a bundle and everything in it. Throws `Rejection(.invalid)` or `Diagnostics` if it is not what this installation can take.
    func read(_ archive: [UInt8]) async throws -> (bundle: StagingBundle, artifacts: [LoadedArtifact]) {
        let bundle = try open(archive)
        if let signature = bundle.signature, !trust.verify(signature, bundle.manifest.bytes) {
            throw Rejection(.invalid, "the signature of the bundle is not one of its manifest")
        }
        guard trust.keys.isEmpty || bundle.signature.map({ trust.keys.contains($0.publicKey.lowercased()) }) == true
        else { throw Rejection(.invalid, "this installation takes only bundles signed by a key it knows") }
        guard bundle.origin.store != (try await config.storeID()) else {
            throw Rejection(.invalid, "the bundle is of this installation itself: source and target are one")
        }
        let artifacts = try config.load(
            bundle.artifacts.map { (ArtifactEntry($0), bundle.contents[$0.hash] ?? []) })
        try check(artifacts, bundle)
        return (bundle, artifacts)
    }

    private func open(_ archive: [UInt8]) throws(Rejection) -> StagingBundle {
        do {
            return try StagingBundle(archive, hash: config.hash)
        } catch {
            throw Rejection(.invalid, "\(error)")
        }
    }

    /// A bundle may be made by anybody: what its manifest says of each content must be so.
    private func check(_ artifacts: [LoadedArtifact], _ bundle: StagingBundle) throws {
        for loaded in artifacts {
            let artifact = loaded.artifact
            switch loaded.content {
            case .contract(let contract):
                let isTrue =
                    contract.kind.rawValue == artifact.kind && contract.name == artifact.name
                    && contract.version.description == artifact.version
                    && contract.canonical.bytes == bundle.contents[artifact.hash]
                guard isTrue else {
                    throw Rejection(
                        .invalid, "the bundle's \(artifact.kind) \(artifact.name)@\(artifact.version) is something else"
                    )
                }
            case .model where artifact.kind == Artifact.dmnKind:
                guard let files = DecisionBundle(bundle.contents[artifact.hash] ?? [])?.files,
                    try DecisionFiles(files.map { ($0.name, Array($0.text.utf8)) }, read: config.readTree).units
                        .contains(where: { unit in unit.decisions.contains { $0.id == artifact.name } })
                else { throw Rejection(.invalid, "the bundle's decision \(artifact.name) is something else") }
            case .model:
                let definitions = try config.readModel(bundle.contents[artifact.hash] ?? [], "\(artifact.name).bpmn")
                guard artifact.kind == Artifact.bpmnKind, definitions.contains(where: { $0.process == artifact.name })
                else { throw Rejection(.invalid, "the bundle's model of \(artifact.name) is something else") }
            }
        }
    }

    // MARK: The lease

    /// Takes the lease of staging. Throws `Rejection(.conflict)` if somebody else has it.
    package func takeLease(_ person: Person, for duration: Duration) async throws {
        let now = config.time.now
        let lease = StagingLease(id: person.lease, holder: person.author, until: now.advanced(by: duration))
        let other = try await config.faults.around(.change, "lease") {
            try await config.store.takeLease(lease, at: now)
        }
        if let other {
            throw Rejection(
                .conflict, "\(other.holder) is staging into this installation, until \(other.until.iso8601) at latest")
        }
    }

    package func releaseLease(_ id: String) async throws {
        try await config.faults.around(.change, "release") { try await config.store.releaseLease(id) }
    }
}
