import PostgresStore
import Services
import ServicesTesting
import Testing

extension PostgresStoreTests {
    @Suite struct ConformanceTests {
        @Test(arguments: TaskLockStoreConformance.cases)
        func `is a lock store that`(keeps promise: TaskLockStoreConformance.Case) async throws {
            try await TestDatabase.withStore { try await promise.run(on: $0) }
        }

        @Test(arguments: DeploymentRecordStoreConformance.cases)
        func `is a store of deployment records that`(
            keeps promise: DeploymentRecordStoreConformance.Case
        ) async throws {
            try await TestDatabase.withStore { try await promise.run(on: $0) }
        }

        @Test(arguments: ProcessStoreConformance.cases)
        func `is a process store that`(keeps promise: ProcessStoreConformance.Case) async throws {
            try await TestDatabase.withStore { try await promise.run(on: SettledStore(store: $0)) }
        }

        @Test(arguments: DeploymentStoreConformance.cases)
        func `is a deployment store that`(keeps promise: DeploymentStoreConformance.Case) async throws {
            try await TestDatabase.withStore { try await promise.run(on: $0) }
        }

        @Test(arguments: ConfigStoreConformance.cases)
        func `is a config store that`(keeps promise: ConfigStoreConformance.Case) async throws {
            try await TestDatabase.withStore { try await promise.run(on: $0) }
        }

        @Test(arguments: SettingsStoreConformance.cases)
        func `is a settings store that`(keeps promise: SettingsStoreConformance.Case) async throws {
            try await TestDatabase.withStore { try await promise.run(on: $0) }
        }

        @Test(arguments: RetentionStoreConformance.cases)
        func `removes what is over, and`(keeps promise: RetentionStoreConformance.Case) async throws {
            try await TestDatabase.withStore { (store) async throws in
                try await promise.run(
                    on: RetentionStoreConformance.Stores(
                        process: SettledStore(store: store), index: store, retention: store))
            }
        }

        @Test(arguments: IndexStoreConformance.cases)
        func `is an index store that`(keeps promise: IndexStoreConformance.Case) async throws {
            try await TestDatabase.withStore { (store) async throws in
                try await promise.run(
                    on: IndexStoreConformance.Stores(index: store, process: SettledStore(store: store)))
            }
        }

        @Test(arguments: 1...20)
        func `answers random work as the store in memory does`(seed: UInt64) async throws {
            try await TestDatabase.withStore { (store) async throws in
                var work = ProcessStoreDifferential(InMemoryProcessStore(), SettledStore(store: store), seed: seed)
                try await work.run(steps: 150)
            }
        }
    }
}
