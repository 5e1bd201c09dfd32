import ArgumentParser
import Foundation
import PostgresStore
import Services

/// Which store a server uses. The address of a database may hold a password, so it comes from a file or the environment.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A file with the database's address, postgresql://user:password@host:port/database. Without it: \
            WAYBILL_POSTGRES_URL. All that libpq takes works: several hosts, sslmode, passfile; schema=NAME is ours.
            """, valueName: "file"))
    var postgresUrlFile: String?
    @Option(help: ArgumentHelp("A file with the database's password, read at every connect.", valueName: "file"))
    var postgresPasswordFile: String?
    @Option(help: "The directory of the data, where no database is given: an embedded store for this one process.")
    var data: String?

    /// The place: a database if one is named. Throws `CommandError` if none is, and no directory either.
    func place() throws -> StorePlace {
        if let url = try url() {
            guard data == nil else {
                throw CommandError("give --data or a database, not both")
            }
            do {
                var configuration = try PostgresConfiguration(url: url)
                configuration.passwordFile = postgresPasswordFile ?? Settings.value("postgres-password-file")
                return .postgres(configuration)
            } catch {
                throw CommandError("the database's address: \(error.message)")
            }
        }
        guard let directory = data ?? Settings.value("data") else {
            throw CommandError(
                """
                where are the data? Name a PostgreSQL database with --postgres-url-file or WAYBILL_POSTGRES_URL, or a \
                directory with --data. `deploy/postgres start .waybill/postgres` starts a private one and writes \
                .waybill/postgres/postgres.url; `waybill dev` needs neither.
                """)
        }
        return .directory(directory)
    }

    private func url() throws -> String? {
        let environment = ProcessInfo.processInfo.environment
        guard let file = postgresUrlFile ?? Settings.value("postgres-url-file") else {
            return environment["WAYBILL_POSTGRES_URL"].flatMap { $0.isEmpty ? nil : $0 }
        }
        return try InputFile.text(file, of: "the database's address").trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
