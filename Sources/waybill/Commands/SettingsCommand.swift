import ArgumentParser
import Foundation
import Values

struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract:
            "Settings of the installation: what agents get with their tasks, and what differs from stage to stage.",
        discussion: """
            A contract names the settings that its agents need (settings, secrets). They are put into each task message as they are
            at that moment, so that a change needs no deployment. Secrets are encrypted in the store, and shown to nobody.

            Examples:
              waybill settings list
              waybill settings set storage.host nas7
              waybill settings set storage.host nas1 --stage prod
              waybill settings set storage.password --secret --file password.txt
              waybill settings unset storage.host --stage prod
            """,
        subcommands: [
            SettingsListCommand.self, SettingsSetCommand.self, SettingsUnsetCommand.self, SettingsRotateCommand.self,
            SettingsKeyCommand.self,
        ])
}

struct SettingsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the settings; of secrets only that they are there.",
        discussion: "Example:\n  waybill settings list")

    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            let answer = try await client.get("/v1/settings", with: "settings")
            if output.json { return print(answer.text) }
            let settings = answer["settings"]?.elements() ?? []
            guard !settings.isEmpty else { return print("No settings.") }
            var table = Table("NAME", "STAGE", "KIND", "VALUE", "CHANGED BY", "AT")
            for row in settings {
                let isSecret = row["secret"]?.boolValue == true
                table.add([
                    row.cell("name"), row.cell("stage").isEmpty ? "every" : row.cell("stage"), row.cell("kind"),
                    isSecret ? "•••• (key \(row.cell("key")))" : row.cell("value"), row.cell("changedBy"),
                    row.cell("changedAt"),
                ])
            }
            print(table.text)
            let closed = settings.filter { $0["canOpen"]?.boolValue == false }
            if !closed.isEmpty {
                let names = Set(closed.map { $0.cell("name") }).sorted().joined(separator: ", ")
                print("! The server has no key that opens \(names): tasks that need them become incidents.")
            }
            let stage = answer.cell("stage")
            print(stage.isEmpty ? "This installation has no stage." : "This installation is of the stage \(stage).")
        }
    }
}

struct SettingsSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a setting, of every stage or of one.",
        discussion: """
            A value is text unless --kind says something else. Give secrets by --file (- for standard input), since arguments can be
            seen by others. A setting that is secret stays so until it is unset.

            Examples:
              waybill settings set retries 3 --kind number
              waybill settings set storage.password --secret --file - < password.txt
            """)

    @Argument(help: "The name.")
    var name: String
    @Argument(help: "The value.")
    var value: String?
    @Option(help: "Read the value from this file, without the line's end; - for standard input.")
    var file: String?
    @Option(help: "Of this stage only.")
    var stage: String?
    @Option(help: "string, number, boolean or json; as it was, or string.")
    var kind: String?
    @Flag(help: "Encrypt it, and show it to nobody.")
    var secret = false
    @Option(help: "Who sets it.")
    var author: String = NSUserName()
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let kind, !["string", "number", "boolean", "json"].contains(kind) {
            throw ValidationError("--kind is string, number, boolean or json, not '\(kind)'")
        }
        if stage == "" { throw ValidationError("--stage is empty: leave it out to set the value of every stage") }
    }

    func run() async throws {
        let text = try text()
        try await RESTClient.with(server) { client in
            let known = try await client.get("/v1/settings", with: "settings")["settings"]?.elements()?.first {
                $0.cell("name") == name && $0.cell("stage") == stage ?? ""
            }
            let kind = kind ?? known?.cell("kind") ?? "string"
            var json = JSON.string(text)
            if kind != "string" {
                do throws(JSONError) {
                    json = try JSON(validating: text)
                } catch {
                    throw CommandError("the value is no \(kind): \(error.message)")
                }
            }
            try await client.put(
                "/v1/settings/\(RESTClient.escape(name))", query: [("stage", stage)],
                .object([
                    ("value", json), ("kind", .string(kind)), ("secret", .bool(secret)), ("author", .string(author)),
                ]))
            print("Set \(name)\(stage.map { " of \($0)" } ?? "").")
        }
    }

    private func text() throws -> String {
        switch (value, file) {
        case (let value?, nil): return value
        case (nil, let file?):
            let text = try InputFile.text(file, takesStandardInput: true)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        case (nil, nil), (_?, _?): throw CommandError("give a value, or --file")
        }
    }
}

struct SettingsUnsetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset", abstract: "Take a setting away.",
        discussion: "Example:\n  waybill settings unset storage.host --stage prod")

    @Argument(help: "The name.")
    var name: String
    @Option(help: "Of this stage.")
    var stage: String?
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if stage == "" { throw ValidationError("--stage is empty: leave it out for the value of every stage") }
    }

    func run() async throws {
        try await RESTClient.with(server) { client in
            let query = stage.map { "?stage=\(RESTClient.escape($0))" } ?? ""
            try await client.delete("/v1/settings/\(RESTClient.escape(name))\(query)")
            print("Unset \(name)\(stage.map { " of \($0)" } ?? "").")
        }
    }
}

struct SettingsRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Encrypt all secrets with the server's first key.",
        discussion: """
            To change keys: put a new one first into the file of --settings-key-file, restart the servers, run this, and take the old
            key out.

            Example:
              waybill settings rotate
            """)

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            let answer = try await client.post("/v1/settings/rotate", .emptyObject, with: "rotated")
            print("Encrypted \(Count.text(answer["rotated"]?.intValue ?? 0, "secret")) anew.")
        }
    }
}

struct SettingsKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Put a new key first into a file of keys for secrets; makes the file if need be.",
        discussion: """
            Each line is an id and 64 hexadecimal digits. The first key encrypts; the others decrypt what they encrypted.

            Example:
              waybill settings key settings.key
            """)

    @Argument(help: "The file of keys.")
    var file: String

    func run() throws {
        let old = try SecretKeys.lines(ofFile: file)
        let (line, id) = SecretKeys.newLine()
        try OutputFile.write(Array((line + "\n" + (old ?? "")).utf8), to: file, isPrivate: true)
        print(old == nil ? "Made \(file) with the key \(id)." : "Put the key \(id) first into \(file).")
    }
}
