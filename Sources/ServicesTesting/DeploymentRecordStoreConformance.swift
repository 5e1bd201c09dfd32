import ProcessEngine
package import Services
import Values

/// What every store of deployment records must do, as named cases.
package enum DeploymentRecordStoreConformance {
    package typealias Case = StoreConformanceCase<any DeploymentRecordStore>

    private static func record(_ id: String, at milliseconds: Int64, name: String? = "n") -> DeploymentRecord {
        DeploymentRecord(
            id: id, name: name, source: nil, deployedAt: Timestamp(millisecondsSinceEpoch: milliseconds),
            resources: [
                DeploymentRecord.Resource(
                    name: "f \"ü\".bpmn", hash: "abc", definitions: [DefinitionID(process: "p:q", version: 2)]),
                DeploymentRecord.Resource(name: "readme.txt", hash: "def", definitions: []),
            ])
    }

    package static let cases: [Case] = [
        Case("keeps records as they were, oldest first") { store in
            try requireAnswer(try await store.deploymentRecords(), [])
            try await store.add(record("b", at: 2))
            try await store.add(record("c", at: 1, name: nil))
            try requireAnswer(
                try await store.deploymentRecords(), [record("c", at: 1, name: nil), record("b", at: 2)])
        },
        Case("replaces a record of the same id") { store in
            try await store.add(record("a", at: 1))
            try await store.add(record("a", at: 1, name: "other"))
            try requireAnswer(try await store.deploymentRecords(), [record("a", at: 1, name: "other")])
        },
        Case("takes a record away") { store in
            try await store.add(record("a", at: 1))
            try await store.add(record("b", at: 2))
            try await store.removeDeploymentRecord("a")
            try await store.removeDeploymentRecord("c")
            try requireAnswer(try await store.deploymentRecords(), [record("b", at: 2)])
        },
    ]
}
