package import Services
import Synchronization
import Values

/// The reference for every store of deployment records.
package final class InMemoryDeploymentRecordStore: DeploymentRecordStore {
    private let records = Mutex<[String: DeploymentRecord]>([:])

    package init() {}

    package func add(_ record: DeploymentRecord) async throws {
        records.withLock { $0[record.id] = record }
    }

    package func removeDeploymentRecord(_ id: String) async throws {
        records.withLock { $0[id] = nil }
    }

    package func deploymentRecords() async throws -> [DeploymentRecord] {
        records.withLock { $0.values.sorted { ($0.deployedAt, $0.id) < ($1.deployedAt, $1.id) } }
    }
}
