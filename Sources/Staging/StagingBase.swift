package import Values

/// What two installations had in common when one was last staged to the other, part by part. Parts that were left out of a staging keep
/// the state of the one before.
package struct StagingBase: Sendable, Hashable {
    package var parts: [PartID: Set<Artifact>]

    package init(_ parts: [PartID: Set<Artifact>] = [:]) {
        self.parts = parts
    }

    /// In a fixed order: equal bases are equal texts.
    package var json: JSON {
        .array(
            parts.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { id, artifacts in
                .object([
                    ("kind", .string(id.kind)), ("name", .string(id.name)),
                    ("artifacts", .array(artifacts.sorted().map(\.json))),
                ])
            })
    }

    /// Reads what `json` wrote; nil if it is something else.
    package init?(_ json: JSON) {
        self.init()
        guard let list = json.elements() else { return nil }
        for part in list {
            guard let kind = part["kind"]?.stringValue, let name = part["name"]?.stringValue,
                let artifacts = part["artifacts"]?.elements()
            else { return nil }
            let read = artifacts.compactMap(Artifact.init)
            guard read.count == artifacts.count else { return nil }
            parts[PartID(kind: kind, name: name)] = Set(read)
        }
    }
}

extension Artifact {
    var json: JSON {
        .object([
            ("kind", .string(kind)), ("name", .string(name)), ("version", .string(version)), ("hash", .string(hash)),
        ])
    }

    init?(_ json: JSON) {
        guard let kind = json["kind"]?.stringValue, let name = json["name"]?.stringValue,
            let version = json["version"]?.stringValue, let hash = json["hash"]?.stringValue
        else { return nil }
        self.init(kind: kind, name: name, version: version, hash: hash)
    }
}
