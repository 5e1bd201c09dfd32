import PostgresStore
import Services
import Testing

@Suite struct PostgresConfigurationTests {
    @Test(arguments: [
        ("postgresql://h/d", "postgresql://h/d", "waybill"),
        ("postgresql://h/d?schema=other", "postgresql://h/d", "other"),
        (
            "postgres://h/d?sslmode=require&schema=o_1&connect_timeout=3",
            "postgres://h/d?sslmode=require&connect_timeout=3", "o_1"
        ),
        ("host=h dbname=d", "host=h dbname=d", "waybill"),
    ])
    func `takes the schema out of the address`(given: String, url: String, schema: String) throws {
        let configuration = try PostgresConfiguration(url: given)
        #expect(configuration.url == url && configuration.schema == schema)
    }

    @Test(arguments: ["", "1a", "a-b", "a;drop", "A", "a\"b", "pg_mine", String(repeating: "a", count: 64)])
    func `a schema is nothing but a name`(schema: String) throws {
        let error = #expect(throws: StoreError.self) {
            try PostgresConfiguration(url: "postgresql://h/d?schema=\(schema)")
        }
        #expect(error?.kind == .misuse)
    }

    @Test(arguments: [
        "postgresql://user:s3cr3t%zz@h/d", "host=h password='s3cr3t",
    ])
    func `an address that cannot be read is told without its password`(url: String) async throws {
        let configuration = try PostgresConfiguration(url: url)
        let error = await #expect(throws: StoreError.self) { try await PostgresStore(configuration: configuration) }
        #expect(error?.kind == .misuse)
        #expect(error?.message.contains("s3cr3t") == false)
    }

    /// Nothing listens on port 1.
    @Test func `a server that is not there is unavailable`() async throws {
        var configuration = try PostgresConfiguration(url: "postgresql://user:s3cr3t@127.0.0.1:1/d")
        configuration.patience = .zero
        let error = await #expect(throws: StoreError.self) { try await PostgresStore(configuration: configuration) }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("s3cr3t") == false)
    }
}
