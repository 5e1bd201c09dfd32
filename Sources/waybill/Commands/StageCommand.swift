import ArgumentParser
import Foundation
import Staging
import Values

struct StageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "Move contracts and workflows from one installation to another, with a plan.",
        discussion: """
            Directly, between two servers that this machine reaches, or by a bundle file where no network leads. The token of the
            target is WAYBILL_TOKEN, that of the source WAYBILL_FROM_TOKEN.

            Examples:
              waybill stage plan --from http://dev:8585 --to http://prod:8585
              waybill stage apply --from http://dev:8585 --to http://prod:8585 -m "release 7"
              waybill stage bundle --server http://dev:8585 -o release-7.tar --sign key
              waybill stage plan --bundle release-7.tar --to http://prod:8585
              waybill stage rollback --server http://prod:8585
            """,
        subcommands: [
            StagePlanCommand.self, StageApplyCommand.self, StageRollbackCommand.self, StageBundleCommand.self,
            StageKeyCommand.self,
        ])
}

/// From where to where, and what of it.
struct StageOptions: ParsableArguments {
    @Option(help: "The server to stage from.")
    var from: String?
    @Option(help: "Stage this revision of the source instead of its newest.")
    var revision: Int?
    @Option(help: "Stage this bundle file instead of a server's revision.")
    var bundle: String?
    @Option(
        help: "Sign what --from gives with the private key in this file, for a target that takes only signed bundles.")
    var sign: String?
    @Option(help: "The server to stage to.")
    var to: String
    @Option(help: "Only this part, by name; may be given several times.")
    var only: [String] = []
    @Option(help: "In the conflict about this part the source counts.")
    var overwrite: [String] = []
    @Option(help: "In the conflict about this part the target counts, now and later.")
    var keep: [String] = []
    @Flag(help: "Take new minor versions although they break users of the last.")
    var allowBreaking = false

    func validate() throws {
        guard (from == nil) != (bundle == nil) else { throw ValidationError("give --from or --bundle") }
        guard bundle == nil || sign == nil else {
            throw ValidationError("a bundle file is signed when it is made: waybill stage bundle --sign")
        }
        guard bundle == nil || revision == nil else {
            throw ValidationError("a bundle is of one revision: no --revision")
        }
        for name in only + overwrite + keep where name.contains(",") {
            throw ValidationError("'\(name)' is no name of a part")
        }
    }

    func source() async throws -> [UInt8] {
        if let bundle {
            return try InputFile.bytes(bundle)
        }
        let archive = try await RESTClient.with(
            address: from ?? "", .stagingSource
        ) { client in
            try await client.bytes("/v1/config/bundle", query: [("revision", revision.map { String($0) })])
        }
        return try sign.map { try BundleSigning.sign(archive, keyFile: $0).archive(hash: Readers.sha256) } ?? archive
    }

    var query: [(String, String?)] {
        func list(_ names: [String]) -> String? { names.isEmpty ? nil : names.joined(separator: ",") }
        return [
            ("only", list(only)), ("overwrite", list(overwrite)), ("keep", list(keep)),
            ("allowBreaking", allowBreaking ? "true" : nil),
        ]
    }

    func plan(_ bundle: [UInt8], at client: RESTClient) async throws -> JSON {
        try await client.post(
            "/v1/config/staging/plan", query: query, bundle, type: "application/x-tar", with: "canApply")
    }

    func withTarget<Result>(_ body: (RESTClient) async throws -> Result) async throws -> Result {
        try await RESTClient.with(address: to, .stagingTarget, body)
    }
}

struct StagePlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say what staging would do. Changes nothing.",
        discussion: """
            Exit status 0: nothing to do. 2: there are changes, which an apply would make. 1: it could not be applied.

            Example:
              waybill stage plan --from http://dev:8585 --to http://prod:8585
            """)

    @OptionGroup var options: StageOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let bundle = try await options.source()
        let plan = try await options.withTarget { try await options.plan(bundle, at: $0) }
        let text = PlanText(plan)
        print(output.json ? plan.text : text.text)
        guard plan["canApply"]?.boolValue == true else { throw ExitCode.failure }
        if text.changes > 0 { throw ExitCode(2) }
    }
}

struct StageApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Carry out a plan: all of it, as one revision, or nothing.",
        discussion: """
            Shows the plan and asks, unless --yes or --plan is given. Nobody else can stage into the target meanwhile. After an
            interruption give the same command again, with the --plan that was shown: what was stored is not stored twice, and what
            was left to do is done.

            Examples:
              waybill stage apply --from http://dev:8585 --to http://prod:8585 -m "release 7"
              waybill stage apply --bundle release-7.tar --to http://prod:8585 --plan 3f9c… -m "release 7"
            """)

    @OptionGroup var options: StageOptions
    @Option(name: .shortAndLong, help: "What this change is about.")
    var message: String
    @Option(help: "Who stages.")
    var author: String = NSUserName()
    @Option(help: "The fingerprint of a plan: applied without asking, if it still is that plan.")
    var plan: String?
    @Flag(help: "Apply without asking.")
    var yes = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if output.json, !yes, plan == nil { throw ValidationError("--json asks nobody: give --yes or --plan") }
    }

    func run() async throws {
        let bundle = try await options.source()
        try await options.withTarget { client in
            // Whoever was cut off and gives the same command again is the same one who stages.
            let choices = options.query.map { "\($0)=\($1 ?? "")" }.joined(separator: "&")
            let id = Readers.sha256(Array("\(author) \(choices) ".utf8) + bundle)
            try await Lease.hold(id, by: author, at: client) { lease in
                let fingerprint = try await agreed(bundle, client)
                let answer = try await client.post(
                    "/v1/config/staging/apply",
                    query: options.query + [
                        ("plan", fingerprint), ("author", author), ("message", message), ("lease", lease),
                    ], bundle, type: "application/x-tar", with: "status")
                if output.json { return print(answer.text) }
                let number = answer["revision"]?.cell("number") ?? "?"
                switch answer.cell("status") {
                case "applied": print("Applied: revision \(number).")
                case "alreadyApplied": print("This plan was applied before: revision \(number).")
                default: print("Both installations have the same; nothing was changed.")
                }
            }
        }
    }

    /// The fingerprint of the plan to apply. Throws if the person does not want it.
    private func agreed(_ bundle: [UInt8], _ client: RESTClient) async throws -> String {
        if let plan { return plan }
        let report = try await options.plan(bundle, at: client)
        if !output.json { print(PlanText(report).text) }
        guard report["canApply"]?.boolValue == true else {
            throw CommandError("the plan cannot be applied as it is; nothing was changed")
        }
        if !yes { try Question.ask("Apply?", orGive: "--yes or --plan \(report.cell("plan"))") }
        return report.cell("plan")
    }
}

struct StageRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Restore what a revision contained, as a new revision.",
        discussion: """
            Without --revision the one before the newest. Shows what changes and asks, unless --yes is given.

            Examples:
              waybill stage rollback
              waybill stage rollback --revision 12 -m "release 7 loses thumbnails"
            """)

    @Option(help: "The revision whose content is restored.")
    var revision: Int?
    @Option(name: .shortAndLong, help: "Why (default: which revision it restores).")
    var message: String = ""
    @Option(help: "Who rolls back.")
    var author: String = NSUserName()
    @Flag(help: "Show what would change; change nothing.")
    var dryRun = false
    @Flag(help: "Roll back without asking.")
    var yes = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if output.json, !yes, !dryRun { throw ValidationError("--json asks nobody: give --yes or --dry-run") }
    }

    func run() async throws {
        try await RESTClient.with(server) { client in
            try await Lease.hold(UUID().uuidString, by: author, at: client) { lease in
                let preview = try await client.post(
                    "/v1/config/staging/rollback", body(lease, revision: revision, head: nil, dryRun: true),
                    with: "parts")
                if dryRun, output.json { return print(preview.text) }
                let restored = preview["restored"]?["number"]?.intValue
                if !output.json {
                    print("Restoring what revision \(restored ?? 0) contained:")
                    print(PlanText.rollback(preview))
                }
                guard !dryRun else { return }
                if !yes { try Question.ask("Roll back?", orGive: "--yes") }
                let answer = try await client.post(
                    "/v1/config/staging/rollback",
                    body(lease, revision: restored, head: preview["head"]?["number"]?.intValue, dryRun: false),
                    with: "revision")
                print(output.json ? answer.text : "Rolled back: revision \(answer["revision"]?.cell("number") ?? "?").")
            }
        }
    }

    private func body(_ lease: String, revision: Int?, head: Int?, dryRun: Bool) -> JSON {
        let why = message.isEmpty ? revision.map { "restores #\($0)" } ?? "" : message
        var members: [(name: String, value: JSON)] = [
            ("author", .string(author)), ("message", .string(why)), ("lease", .string(lease)),
            ("dryRun", .bool(dryRun)),
        ]
        if let revision { members.append(("revision", .number(revision))) }
        if let head { members.append(("head", .number(head))) }
        return .object(members)
    }
}

struct StageBundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "Write a revision into a file, to be staged where no network leads.",
        discussion: """
            The file is a tar archive of a manifest and of contents by their SHA-256; the same revision makes the same file.

            Example:
              waybill stage bundle -o release-7.tar --sign key
            """)

    @Option(help: "This revision instead of the newest.")
    var revision: Int?
    @Option(name: .shortAndLong, help: "The file to write; - for standard output.")
    var output: String
    @Option(
        help: ArgumentHelp("A file with a private key to sign with; `waybill stage key` makes one.", valueName: "file"))
    var sign: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let archive = try await RESTClient.with(server) { client in
            try await client.bytes("/v1/config/bundle", query: [("revision", revision.map { String($0) })])
        }
        let bundle = try sign.map { try BundleSigning.sign(archive, keyFile: $0) } ?? BundleSigning.read(archive)
        let bytes = bundle.archive(hash: Readers.sha256)
        if output == "-" { return try OutputFile.writeToStandardOutput(bytes) }
        try OutputFile.write(bytes, to: output)
        print(
            "Wrote revision \(bundle.origin.revision) with \(bundle.artifacts.count) artifacts to \(output)"
                + (bundle.signature.map { ", signed by \($0.publicKey)." } ?? ", not signed."))
    }
}

struct StageKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make a key to sign bundles with; prints its public key.",
        discussion: """
            The private key stays with who makes bundles; the public one goes into the file that the target's server gets with
            --bundle-keys-file.

            Example:
              waybill stage key release.key
            """)

    @Argument(help: "The file for the private key; it must not be there yet.")
    var file: String

    func run() throws {
        let key = BundleSigning.newKey()
        guard !FileManager.default.fileExists(atPath: file) else { throw CommandError("\(file) is there already") }
        try OutputFile.write(Array((key.privateKey + "\n").utf8), to: file, isPrivate: true)
        print(key.publicKey)
    }
}

/// Asks whoever is at the terminal.
enum Question {
    /// Returns if the answer is yes, and throws if it is another, or if nobody answers.
    static func ask(_ question: String, orGive options: String) throws {
        print("\(question) [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine() else {
            print("")
            throw CommandError("nobody answered, and nothing was changed: give \(options)")
        }
        guard ["y", "yes"].contains(answer.lowercased()) else { throw CommandError("nothing was changed") }
    }
}

/// The right to stage into a server, for as long as a command runs.
enum Lease {
    /// Long enough to read a plan; the apply takes it again. Short enough for who must repeat a command that was cut off.
    private static let seconds = 120

    static func hold(
        _ id: String, by author: String, at client: RESTClient, _ body: (_ lease: String) async throws -> Void
    ) async throws {
        _ = try await client.post(
            "/v1/config/staging/lease",
            .object([("id", .string(id)), ("holder", .string(author)), ("seconds", .number(seconds))]), with: nil)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(id))
        } catch {
            result = .failure(error)
        }
        // It runs out by itself where it cannot be given back.
        try? await client.delete("/v1/config/staging/lease/\(id)")
        try result.get()
    }
}
