import ArgumentParser
import Foundation
import Services
import Values

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Keys of the REST API: made here, and known to a server by their hashes.",
        discussion: """
            A server that is started with --keys-file answers who sends one of its keys. Each has roles: viewer (sees), starter
            (sees, starts, sends messages), operator (sees, and changes what runs), deployer (sees, pushes, stages, sets), worker
            (external tasks of the Camunda 7 dialect), admin (everything). deploy/README.md has the table.

            Examples:
              waybill key new --name ci --role deployer --expires 90d
              waybill key new --name media --role starter --role operator --workflows 'media-*' >> keys.yaml
              waybill key check keys.yaml
            """,
        subcommands: [KeyNewCommand.self, KeyCheckCommand.self])
}

struct KeyNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a key: it is shown once, the entry for the file goes to standard output.",
        discussion: """
            The key is written to standard error, so that >> keys.yaml takes the entry alone.

            Example:
              waybill key new --name ci --role deployer --expires 90d --workflows 'media-*' >> keys.yaml
            """)

    @Option(help: "Who has it: 1 to 64 letters, digits, '-', '_' or '.'. The audit log calls him so.")
    var name: String
    @Option(help: "What it may do: viewer, starter, operator, deployer, worker or admin. Several are given one by one.")
    var role: [String]
    @Option(help: "When it ends: days from now like 90d, or a date-time like 2027-01-31T12:00:00Z.")
    var expires: String?
    @Option(
        help: "The workflows that it may touch, with * in the names. Several are given one by one; without any: all.")
    var workflows: [String] = []

    func run() async throws {
        let (key, entry) = try NewKey.make(
            name: name, roles: role, expires: expires, workflows: workflows, now: SystemClock().now)
        FileHandle.standardError.write(Data("The key, shown only now:\n\n  \(key)\n\n".utf8))
        print(entry.yaml, terminator: "")
    }
}

struct KeyCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read a file of keys as a server would, and show what each may do.",
        discussion: "Example:\n  waybill key check keys.yaml")

    @Argument(help: "The file.")
    var file: String

    func run() async throws {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw CommandError("the file of keys \(file) cannot be read")
        }
        let ring: KeyRing
        do {
            ring = try Readers.keys(Array(bytes), file)
        } catch {
            throw CommandError("\(error)")
        }
        let now = SystemClock().now
        var table = Table("NAME", "ROLES", "WORKFLOWS", "EXPIRES")
        for key in ring.keys {
            let expires = key.expires.map { $0.iso8601 + (key.isExpired(at: now) ? " (expired)" : "") }
            table.add([
                key.name, key.roles.map(\.rawValue).joined(separator: ", "),
                key.workflows?.map(\.text).joined(separator: ", ") ?? "all", expires ?? "never",
            ])
        }
        print(table.text)
    }
}
