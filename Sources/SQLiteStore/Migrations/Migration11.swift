extension Schema {
    /// Versions of processes that were deployed past the config store and taken back.
    static let migration11 = Migration(
        version: 11,
        sql: "ALTER TABLE definition ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;")
}
