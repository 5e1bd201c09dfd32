import Delivery
import Foundation
import PostgresStore
import ProcessEngine
import Services
import Testing
import Values

extension PostgresStoreTests {
    @Suite struct LostConnectionTests {
        /// A store behind a proxy.
        private static func withProxy(_ body: (PostgresStore, CuttingProxy) async throws -> Void) async throws {
            var address = try TestDatabase.address()
            let port = try #require(address.port)
            let proxy = try #require(CuttingProxy(target: UInt16(port)))
            defer { proxy.stop() }
            address.port = Int(proxy.port)
            let url = try #require(address.string)
            try await TestDatabase.withStore {
                $0.url = url
            } _: { (store) async throws in
                try await body(store, proxy)
            }
        }

        /// The connection is cut anywhere in a commit: while it asks, while it is answered, before, in and after COMMIT.
        /// What is answered is true, and it was done once.
        @Test(arguments: CuttingProxy.Direction.allCases, [0, 100, 700, 1500, 2500, 3500, 4500, 6000])
        func `a commit whose connection is cut is answered truly`(direction: CuttingProxy.Direction, bytes: Int)
            async throws
        {
            try await Self.withProxy { (store, proxy) async throws in
                var first = Work.transition("a", 1, [.create(Work.task(1)), .create(Work.task(2))])
                first.outbox = [OutboxMessage.Content(exchange: "e", routingKey: "r", type: "t", body: [1])]
                first.startKey = "key"
                first.timers = [.schedule(number: 1, dueAt: Work.at(5))]
                proxy.cut(
                    after: direction == .toServer ? bytes : bytes / 10, direction, mark: "pg_current_xact_id")
                let receipt = try await store.commit([first, Work.transition("b", 2)], marks: [])
                #expect(receipt.outcomes.map(Work.isCommitted) == [true, false])
                #expect(try await store.journal(of: InstanceID("a"), after: 0).map(\.events) == [first.events])
                guard case .committed(let position) = receipt.outcomes[0] else { return }
                #expect(try await store.journal(of: InstanceID("a"), after: 0).map(\.position) == [position])
                #expect(try await store.outbox(limit: 9).count == 1)
                #expect(try await store.claim(Work.claim(5)).count == 2)
                #expect(try await store.commit([first], marks: []).outcomes == [.keyTaken(InstanceID("a"))])
            }
        }

        /// The answer to COMMIT is lost: the server has done it, and says so when it is asked again.
        @Test func `a commit whose answer is lost is not done twice, nor taken for a conflict`() async throws {
            try await Self.withProxy { (store, proxy) async throws in
                for seq in 1...8 {
                    var transition = Work.transition("a", seq, [.create(Work.task(seq))])
                    transition.outbox = [
                        OutboxMessage.Content(exchange: "e", routingKey: "\(seq)", type: "t", body: [])
                    ]
                    // Texts are sent once a connection: each cut makes a new one, which sends them again.
                    proxy.cut(after: 0, .fromServer, mark: "INSERT INTO outbox")
                    #expect(try await store.commit([transition], marks: []).outcomes.map(Work.isCommitted) == [true])
                    #expect(proxy.cuts == seq)
                }
                #expect(try await store.journal(of: InstanceID("a"), after: 0).map(\.seq) == Array(1...8))
                #expect(try await store.outbox(limit: 99).count == 8)
            }
        }

        @Test func `marks alone are applied although the answer is lost`() async throws {
            try await Self.withProxy { (store, proxy) async throws in
                _ = try await store.commit([Work.transition("a", 1, [.create(Work.task(1))])], marks: [])
                let leased = try await store.claim(Work.claim(1))
                proxy.cut(after: 0, .fromServer, mark: "UPDATE task")
                let mark = LeaseMark(
                    task: leased[0].id, attempt: 1, token: leased[0].lease.token,
                    change: .started(at: Work.at(1), until: Work.at(9)))
                #expect(try await store.commit([], marks: [mark]).markOutcomes == [true])
                #expect(proxy.cuts == 1)
                #expect(try await store.tasks([leased[0].id]).map(\.phase) == [.running])
            }
        }

        @Test func `every call goes on after the server has ended all sessions`() async throws {
            try await TestDatabase.withStore {
                $0.applicationName = "waybill ends"
            } _: { (store) async throws in
                for seq in 1...5 {
                    _ = try await store.commit([Work.transition("a", seq, [.create(Work.task(seq))])], marks: [])
                    #expect(try await store.claim(Work.claim(1)).count == 1)
                    #expect(try await store.instanceCounts().isEmpty)
                    #expect(try await store.indexPosition() == 0)
                    try await TestDatabase.execute(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'waybill ends'
                        """)
                }
                #expect(try await store.journal(of: InstanceID("a"), after: 0).count == 5)
            }
        }

        /// The session is ended by the server while it commits: a trigger holds the commit open.
        @Test func `a commit that the server ends half-way is done again`() async throws {
            try await TestDatabase.withStore {
                $0.applicationName = "waybill slow"
            } _: { (store) async throws in
                try await store.execute(
                    """
                    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_advisory_xact_lock(47111); RETURN NULL; END';
                    CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION hold();
                    """)
                try await TestDatabase.withStore { other in
                    try await other.execute("SELECT pg_advisory_lock(47111)")
                    async let receipt = store.commit([Work.transition("a")], marks: [])
                    let ended = """
                        SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                        WHERE application_name = 'waybill slow' AND wait_event = 'advisory'
                        """
                    while try await other.query(ended) != [["true"]] { await Task.yield() }
                    // Ends the session that has the lock.
                    await other.close()
                    #expect(try await receipt.outcomes.map(Work.isCommitted) == [true])
                }
                #expect(try await store.journal(of: InstanceID("a"), after: 0).count == 1)
            }
        }
    }
}
