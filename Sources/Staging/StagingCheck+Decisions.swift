import Contracts
import Values

/// What DMN files become.
extension StagingCheck {
    private typealias Home = (decision: SourceFile.Decision, file: SourceFile)

    /// An artifact for each decision of the files, in the version of its contract.
    mutating func decisions(
        of contracts: [(file: SourceFile, contract: Contract)]
    ) -> [(artifact: Artifact, bytes: [UInt8])] {
        let homes = decisionHomes()
        var result: [(artifact: Artifact, bytes: [UInt8])] = []
        var named: [String: String] = [:]
        for (file, contract) in contracts {
            guard let decision = contract.decisionID else { continue }
            let version = contract.version.description
            let existing = head.first {
                $0.kind == Artifact.dmnKind && $0.name == decision && $0.version == version
            }
            guard let home = homes.first(where: { $0.decision.id == decision }) else {
                if existing == nil { reportMissing(decision, of: contract, in: file, among: homes.map(\.decision)) }
                continue
            }
            if let other = named.updateValue(contract.name, forKey: home.decision.id) {
                report(
                    "duplicate", file.path, element: contract.name,
                    "\(contract.reference) names the decision \"\(home.decision.id)\", which \(other) has")
                continue
            }
            let wanted = artifact(home.decision.id, version, home.file, beside: existing)
            if let existing, existing.hash != wanted.hash {
                reportChanged(existing, home, "its contract, \(contract.name) in \(file.path)")
            }
            result.append((wanted, home.file.bytes))
        }
        for home in homes where named[home.decision.id] == nil {
            result.append((uncontracted(home), home.file.bytes))
        }
        return result
    }

    private mutating func reportMissing(
        _ decision: String, of contract: Contract, in file: SourceFile, among known: [SourceFile.Decision]
    ) {
        report(
            "unknown-decision", file.path, element: contract.name,
            "\(contract.reference) names the decision \"\(decision)\", which no DMN file has",
            known.first { $0.name == decision }.map { "its id is \"\($0.id)\"" }
                ?? Spelling.suggestion(for: decision, among: known.map(\.id)))
    }

    private mutating func decisionHomes() -> [Home] {
        var homes: [Home] = []
        for file in files {
            guard case .dmn(let decisions) = file.content else { continue }
            for decision in decisions {
                if let other = homes.first(where: { $0.decision.id == decision.id }) {
                    report(
                        "duplicate", file.path, at: decision.position, element: decision.id,
                        "the decision \(decision.id) is also in \(other.file.path)")
                } else {
                    homes.append((decision, file))
                }
            }
        }
        return homes
    }

    /// A decision that no contract of the files names: a contract of the store may, else it has none.
    private mutating func uncontracted(_ home: Home) -> Artifact {
        let id = home.decision.id
        let contract = headContracts.filter { $0.decisionID == id }.max { $0.version < $1.version }
        let versions = head.filter { $0.kind == Artifact.dmnKind && $0.name == id }.sorted()
        if let contract {
            let existing = versions.first { $0.version == contract.version.description }
            let wanted = artifact(id, contract.version.description, home.file, beside: existing)
            if let existing, existing.hash != wanted.hash {
                reportChanged(existing, home, "its contract, \(contract.name)")
            }
            return wanted
        }
        if let newest = versions.last, newest.hash == home.file.hash(beside: newest) { return newest }
        let last = versions.compactMap { ContractVersion($0.version) }.filter { $0.major == 0 }.map(\.minor).max() ?? 0
        return artifact(id, "0.\(last + 1)", home.file)
    }

    private func artifact(
        _ decision: String, _ version: String, _ home: SourceFile, beside existing: Artifact? = nil
    ) -> Artifact {
        Artifact(kind: Artifact.dmnKind, name: decision, version: version, hash: home.hash(beside: existing))
    }

    private mutating func reportChanged(_ existing: Artifact, _ home: Home, _ contract: String) {
        reportClash(
            "the decision \(existing.name)", existing, home.file, at: home.decision.position,
            "raise the version of \(contract)")
    }
}
