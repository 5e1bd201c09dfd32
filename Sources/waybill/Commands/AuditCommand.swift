import ArgumentParser
import Services
import WebServer

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The audit log of a server that was started with --audit-file.",
        discussion: "Example:\n  waybill audit verify /var/log/waybill/audit.jsonl",
        subcommands: [AuditVerifyCommand.self])
}

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the chain of hashes of an audit log, and name the first line that is wrong.",
        discussion: """
            A line that was changed, taken out or put in shows by the next one. What is missing at the end, and a change of the last
            line, shows by a line that was noted elsewhere: this prints the last one, and a server logs it when it starts.

            Examples:
              waybill audit verify /var/log/waybill/audit.jsonl
              waybill audit verify /var/log/waybill/audit.jsonl --known 9:d9f78e4c…
            """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: ArgumentHelp("A line that must be there, as it was printed or logged.", valueName: "line:sha256"))
    var known: String?

    func run() async throws {
        let noted = try known.map { text in
            guard let noted = AuditCheck.Known(text) else {
                throw CommandError("--known is LINE:SHA256, the number of a line and 64 hexadecimal digits")
            }
            return noted
        }
        let check: AuditCheck
        do {
            check = try AuditLines.verify(file, hash: Readers.sha256, known: noted)
        } catch let wrong as AuditCheck.Break {
            throw CommandError("\(file):\(wrong.line): \(wrong.message)")
        } catch {
            throw CommandError("\(error)")
        }
        for line in check.torn { print("line \(line) was broken off by a crash; the log says so itself") }
        print("\(check.count) lines, unbroken; the last is \(check.count):\(check.last)")
    }
}
