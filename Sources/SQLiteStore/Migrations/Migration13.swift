extension Schema {
    /// Versions of decisions that were deployed past the config store and taken back.
    static let migration13 = Migration(
        version: 13,
        sql: "ALTER TABLE decision ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;")
}
