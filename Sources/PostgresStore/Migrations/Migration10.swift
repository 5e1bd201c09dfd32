extension Schema {
    /// Versions of processes that were deployed past the config store and taken back.
    static let migration10 = Migration(
        version: 10, oldestUser: 7,
        sql: "ALTER TABLE definition ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;")
}
