import Services
import ServicesTesting
import Testing

@Suite struct InMemoryStoreTests {
    @Test(arguments: ProcessStoreConformance.cases)
    func `the process store in memory`(keeps promise: ProcessStoreConformance.Case) async throws {
        try await promise.run(on: InMemoryProcessStore())
    }

    @Test(arguments: TaskLockStoreConformance.cases)
    func `the lock store in memory`(keeps promise: TaskLockStoreConformance.Case) async throws {
        try await promise.run(on: InMemoryProcessStore())
    }

    @Test(arguments: DeploymentRecordStoreConformance.cases)
    func `the store of deployment records in memory`(
        keeps promise: DeploymentRecordStoreConformance.Case
    ) async throws {
        try await promise.run(on: InMemoryDeploymentRecordStore())
    }

    @Test(arguments: DeploymentStoreConformance.cases)
    func `the deployment store in memory`(keeps promise: DeploymentStoreConformance.Case) async throws {
        try await promise.run(on: InMemoryDeploymentStore())
    }

    @Test(arguments: ConfigStoreConformance.cases)
    func `the config store in memory`(keeps promise: ConfigStoreConformance.Case) async throws {
        try await promise.run(on: InMemoryConfigStore())
    }

    @Test(arguments: SettingsStoreConformance.cases)
    func `the settings store in memory`(keeps promise: SettingsStoreConformance.Case) async throws {
        try await promise.run(on: InMemorySettingsStore())
    }

    @Test(arguments: RetentionStoreConformance.cases)
    func `retention in memory`(keeps promise: RetentionStoreConformance.Case) async throws {
        let process = InMemoryProcessStore()
        let index = InMemoryIndexStore(live: process)
        try await promise.run(on: RetentionStoreConformance.Stores(process: process, index: index, retention: index))
    }

    @Test(arguments: IndexStoreConformance.cases)
    func `the index store in memory`(keeps promise: IndexStoreConformance.Case) async throws {
        let process = InMemoryProcessStore()
        try await promise.run(
            on: IndexStoreConformance.Stores(index: InMemoryIndexStore(live: process), process: process))
    }
}
