import Foundation
import PostgresStore
import ProcessEngine
import Services
import Testing
import Values

/// The schema, the address, and what the server may say.
extension PostgresStoreTests {
    @Suite struct ServerTests {
        @Test func `many open a new schema at once`() async throws {
            let configuration = try TestDatabase.configuration()
            let identities = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let store = try await PostgresStore(configuration: configuration)
                        let identity = try await store.identity()
                        await store.close()
                        return identity
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(identities.count == 1)
            try await TestDatabase.drop(configuration.schema)
        }

        @Test func `a schema is made in as much time as it takes`() async throws {
            var configuration = try TestDatabase.configuration()
            configuration.statementTimeout = .milliseconds(500)
            configuration.lockTimeout = .milliseconds(500)
            let key = "hashtextextended('waybill schema \(configuration.schema)', 8712341)"
            try await TestDatabase.withStore { (other) async throws in
                // Another process is at it for longer than a statement may take.
                async let making: Void = other.execute(
                    "BEGIN; SELECT pg_advisory_xact_lock(\(key)); SELECT pg_sleep(2); COMMIT")
                let holders =
                    "(SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory')"
                while try await other.query("SELECT (\(key) IN \(holders))::text") == [["false"]] {}
                let store = try await PostgresStore(configuration: configuration)
                #expect(try await store.query("SHOW statement_timeout") == [["500ms"]])
                await store.close()
                try await making
            }
            try await TestDatabase.drop(configuration.schema)
        }

        @Test func `has all that was committed when it is opened again`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                _ = try await store.commit([Work.transition("a")], marks: [])
                let again = try await PostgresStore(configuration: store.settings)
                #expect(try await again.journal(of: InstanceID("a"), after: 0).count == 1)
                #expect(try await again.identity() == store.identity())
                await again.close()
            }
        }

        @Test func `goes on with a newer schema that bears it, and refuses one that does not`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                try await store.execute("INSERT INTO schema_version VALUES (998, 1, now())")
                let older = try await PostgresStore(configuration: store.settings)
                await older.close()
                try await store.execute("INSERT INTO schema_version VALUES (999, 999, now())")
                let error = await #expect(throws: StoreError.self) {
                    try await PostgresStore(configuration: store.settings)
                }
                #expect(error?.kind == .misuse)
                #expect(error?.message.contains("version 999") == true)
            }
        }

        @Test func `refuses the schema of another program and leaves it alone`() async throws {
            let configuration = try TestDatabase.configuration()
            try await TestDatabase.execute(
                "CREATE SCHEMA \(configuration.schema); CREATE TABLE \(configuration.schema).theirs (a int)")
            let error = await #expect(throws: StoreError.self) { try await PostgresStore(configuration: configuration) }
            #expect(error?.kind == .misuse)
            #expect(error?.message.contains("another program") == true)
            try await TestDatabase.drop(configuration.schema)
        }

        @Test func `says that commits are durable`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                let durability = try await store.durability()
                #expect(durability.isDurable && durability.fsync == "on" && durability.synchronousCommit == "on")
            }
        }

        @Test func `commits are durable where the user's default is not`() async throws {
            try await TestDatabase.withStore {
                $0.url += "?options=-c%20synchronous_commit%3Doff"
            } _: { (store) async throws in
                #expect(try await store.durability().synchronousCommit == "on")
            }
        }

        /// A dump restored into a younger server: its rows have positions of transactions that are yet to come.
        @Test func `rows of a restored dump stay before what follows`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                _ = try await store.commit([Work.transition("a")], marks: [])
                try await store.execute("UPDATE journal SET position = position + (1::bigint << 50)")
                let restored = try await PostgresStore(configuration: store.settings)
                _ = try await restored.commit([Work.transition("b")], marks: [])
                _ = try await store.commit([Work.transition("c")], marks: [])
                let rows = try await SettledStore(store: store).journal(after: 0, limit: 9)
                #expect(rows.map(\.instance.text) == ["a", "b", "c"])
                await restored.close()
            }
        }

        @Test func `throws misuse once it is closed`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                await store.close()
                let error = await #expect(throws: StoreError.self) { try await store.nextDue() }
                #expect(error?.kind == .misuse)
            }
        }

        @Test func `a wrong password is told at once, and is in no text`() async throws {
            var configuration = try TestDatabase.configuration()
            var address = try TestDatabase.address()
            address.password = "s3cr3t-and-wrong"
            configuration.url = try #require(address.string)
            let error = await #expect(throws: StoreError.self) { try await PostgresStore(configuration: configuration) }
            #expect(error?.kind == .misuse)
            #expect(error?.message.contains("s3cr3t") == false)
        }

        @Test func `the password may stand in a file`() async throws {
            let file = FileManager.default.temporaryDirectory.appending(path: "waybill-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try await TestDatabase.withStore { configuration in
                var address = try TestDatabase.address()
                try Data("\(address.password ?? "")\n".utf8).write(to: file)
                address.password = nil
                configuration.url = try #require(address.string)
                configuration.passwordFile = file.path
            } _: { (store) async throws in
                #expect(try await store.head() == nil)
            }
        }

        @Test func `a database that is not there is told at once`() async throws {
            var configuration = try TestDatabase.configuration()
            var address = try TestDatabase.address()
            address.path = "/no_such_database"
            configuration.url = try #require(address.string)
            let error = await #expect(throws: StoreError.self) { try await PostgresStore(configuration: configuration) }
            #expect(error?.kind == .misuse)
        }

        /// The second host is there: a fail-over list is gone through.
        @Test func `the first host of several that answers is taken`() async throws {
            try await TestDatabase.withStore { configuration in
                let address = try TestDatabase.address()
                let (host, port) = (try #require(address.host), try #require(address.port))
                configuration.url = configuration.url.replacing("\(host):\(port)", with: "127.0.0.1:1,\(host):\(port)")
            } _: { (store) async throws in
                #expect(try await store.head() == nil)
            }
        }

        /// Texts of peers: PostgreSQL takes no U+0000, and an index takes no long text.
        @Test func `texts of any content and length are stored`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                let long = String(repeating: "0123456789abcdef \u{0}é", count: 5_000)
                var start = Work.transition("a", 1, [.create(Work.task(1, business: long))])
                start.startKey = long
                #expect(try await store.commit([start], marks: []).outcomes.map(Work.isCommitted) == [true])
                #expect(try await store.commit([start], marks: []).outcomes == [.keyTaken(InstanceID("a"))])
                #expect(try await store.instance(startedWith: long) == InstanceID("a"))
                let failed = Work.transition(
                    "a", 2, [.suspend(number: 1, retries: 0, error: "nul \u{0}", keepToken: false)])
                _ = try await store.commit([failed], marks: [])
                #expect(
                    try await store.tasks([TaskID(instance: InstanceID("a"), number: 1)])[0].error == "nul \u{FFFD}")
            }
        }

        @Test func `an index of long texts is searched by them`() async throws {
            try await TestDatabase.withStore { (store) async throws in
                let long = String(repeating: "ключ", count: 4_000)
                let pair = Variable(name: long, value: .string(long))
                let started = IndexedInstance(
                    id: InstanceID("a"), definition: DefinitionID(process: long, version: 1),
                    labels: InstanceLabels(
                        workflow: long, workflowVersion: nil, objectID: long, startedBy: nil, metadata: [pair]),
                    businessKey: long, state: .running, startedAt: Work.at(1))
                #expect(try await store.apply([.instanceStarted(started)], from: 0, to: 1))
                var query = InstanceQuery()
                query.workflow = long
                query.businessKey = long
                query.objectID = long
                query.metadata = [pair]
                #expect(try await store.instances(query).rows == [started])
                query.businessKey = long + "x"
                #expect(try await store.instances(query).rows.isEmpty)
            }
        }
    }
}
