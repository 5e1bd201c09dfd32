import Foundation
import PostgresStore
import Services
import Testing

/// A real PostgreSQL: `WAYBILL_TEST_POSTGRES` is the URL of a database in which the tests may make schemas.
enum TestDatabase {
    static let url = ProcessInfo.processInfo.environment["WAYBILL_TEST_POSTGRES"]

    /// Whether it is there; says what does not run without it.
    static let isThere: Bool = {
        if url == nil {
            print("not run, because WAYBILL_TEST_POSTGRES is not set: all tests of PostgresStore on a server")
        }
        return url != nil
    }()

    /// The address, to be changed.
    static func address() throws -> URLComponents {
        let url = try #require(url)
        return try #require(URLComponents(string: url))
    }

    /// A configuration with a schema of its own.
    static func configuration() throws -> PostgresConfiguration {
        let url = try #require(url)
        var configuration = try PostgresConfiguration(url: url)
        configuration.schema = "test_\(UUID().uuidString.lowercased().replacing("-", with: "_"))"
        configuration.hints = false
        return configuration
    }

    /// Runs `body` with a fresh store, and removes what it leaves.
    static func withStore<Answer>(
        _ change: (inout PostgresConfiguration) throws -> Void = { _ in },
        _ body: (PostgresStore) async throws -> Answer
    ) async throws -> Answer {
        try await withStores(1, change) { try await body($0[0]) }
    }

    /// Runs `body` with several stores on one schema, as several processes have them.
    static func withStores<Answer>(
        _ count: Int, _ change: (inout PostgresConfiguration) throws -> Void = { _ in },
        _ body: ([PostgresStore]) async throws -> Answer
    ) async throws -> Answer {
        var configuration = try configuration()
        try change(&configuration)
        var stores: [PostgresStore] = []
        for _ in 0..<count { stores.append(try await PostgresStore(configuration: configuration)) }
        let result: Result<Answer, any Error>
        do { result = .success(try await body(stores)) } catch { result = .failure(error) }
        for store in stores { await store.close() }
        try await drop(configuration.schema)
        return try result.get()
    }

    /// Does something to the database beside any store.
    static func execute(_ script: String) async throws {
        var configuration = try configuration()
        configuration.schema = "test_tool"
        let tool = try await PostgresStore(configuration: configuration)
        try await tool.execute(script)
        await tool.close()
    }

    static func drop(_ schema: String) async throws { try await execute("DROP SCHEMA IF EXISTS \(schema) CASCADE") }
}

/// The tests that need a server, one after the other: a transaction of one holds back the projector of another, since
/// transaction ids are the server's.
@Suite(.serialized, .enabled(if: TestDatabase.isThere, "WAYBILL_TEST_POSTGRES is not set"))
enum PostgresStoreTests {}
