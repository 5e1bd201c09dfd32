extension Schema {
    /// The store's own id: the bus is marked with it.
    static let migration2 = Migration(
        version: 2,
        sql: """
            CREATE TABLE store_identity (id TEXT NOT NULL) STRICT;
            INSERT INTO store_identity VALUES (lower(hex(randomblob(16))));
            """)
}
