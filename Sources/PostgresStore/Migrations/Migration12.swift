extension Schema {
    /// Versions of decisions that were deployed past the config store and taken back.
    static let migration12 = Migration(
        version: 12, oldestUser: 11,
        sql: "ALTER TABLE decision ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;")
}
