import Contracts
import PostgresStore
import ProcessEngine
import Services
import ServicesTesting
import Testing
import XMLReader
import YAMLReader

/// What `waybill verify` finds in a database.
extension PostgresStoreTests {
    @Suite struct InspectionTests {
        /// The tests compare hashes with themselves.
        private static let hash: StoreVerification.Hash = { bytes in
            "\(bytes.reduce(7) { ($0 * 31 + Int($1)) % 1_000_003 })"
        }

        private static func fill(_ store: PostgresStore) async throws {
            let text = "kind: task\nname: work\nversion: \"1.0\"\ninput: {type: object}\n"
            try await StoreVerificationConformance.fill(
                SettledStore(store: store), store,
                readModel: { source, file in
                    try ProcessDefinition.read(XMLReader.read(source, file: file), file: file)
                }, readTree: { source, file in try XMLReader.read(source, file: file) },
                contract: try Contract(YAMLReader.read(Array(text.utf8), file: "test.yaml")), hash: hash)
        }

        private static func verify(_ store: PostgresStore) async throws -> VerificationReport {
            try await StoreVerification(batch: 2, hash: hash).run(
                on: PostgresInspection(configuration: store.settings))
        }

        @Test func `a database that was worked with is well, while its server goes on`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                try await Self.fill(store)
                let report = try await Self.verify(store)
                #expect(report.violations == [])
                #expect(report.instances == 3)
                #expect(report.contents == 4)
            }
        }

        @Test(arguments: StoreVerificationConformance.damages)
        func `a damage is found, and nothing else`(_ damage: StoreVerificationConformance.Damage) async throws {
            try await TestDatabase.withStore { (store) async throws in
                try await Self.fill(store)
                // What a server itself would refuse.
                let script =
                    ["SET session_replication_role = replica"] + damage.statements + ["RESET session_replication_role"]
                try await store.execute(script.joined(separator: ";\n"))
                let report = try await Self.verify(store)
                #expect(Set(report.violations.map(\.rule)) == damage.rules, "\(report.violations)")
            }
        }

        @Test func `a schema that is not there is not made`() async throws {
            let configuration = try TestDatabase.configuration()
            await #expect(throws: StoreError.self) {
                _ = try await StoreVerification(hash: Self.hash).run(
                    on: PostgresInspection(configuration: configuration))
            }
        }
    }
}
