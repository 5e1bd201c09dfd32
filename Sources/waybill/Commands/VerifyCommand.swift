import ArgumentParser
import Foundation
import Services
import Values

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that what a store keeps agrees with itself.",
        discussion: """
            Reads the whole store and changes nothing: folds the journal of each instance and compares it with the rows of tasks,
            leases, timers, subscriptions, calls and keys that are kept beside it, and with the workflow index; compares contents
            with their hashes; asks SQLite for its own check. A PostgreSQL is read in one snapshot, while servers use it; the file
            of an embedded store only while no server has it.

            --settled also says what is still under way, for when everything should be over.

            Exit status: 0 if all is well, 1 if a rule is violated, 2 if the store cannot be read.

            Examples:
              waybill verify --data .waybill/data
              waybill verify --postgres-url-file /etc/waybill/postgres.url --json
              waybill verify --data restored-from-backup --settled
            """)

    @OptionGroup var store: StoreOptions
    @Flag(help: "Nothing may be under way: no instance open, nothing on its way.")
    var settled = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let began = ContinuousClock.now
        let report: VerificationReport
        do throws(CommandError) {
            report = try await verify()
        } catch {
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            throw ExitCode(2)
        }
        print(output.json ? report.json.text : report.text(in: began.duration(to: .now)))
        if report.count > 0 { throw ExitCode(1) }
    }

    private func verify() async throws(CommandError) -> VerificationReport {
        let place: StorePlace
        do {
            place = try store.place()
        } catch {
            throw CommandError("\(error)")
        }
        // A line that is written over again, where somebody looks.
        let isWatched = isatty(STDERR_FILENO) == 1 && !output.json
        let verification = StoreVerification(settled: settled, hash: Readers.sha256) { report in
            guard isWatched else { return }
            FileHandle.standardError.write(Data("\r\(report.instances) instances, \(report.count) violations".utf8))
        }
        defer { if isWatched { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
        do {
            return try await place.verify(verification)
        } catch {
            throw CommandError("cannot verify the store: \(error.message)")
        }
    }
}

extension VerificationReport {
    fileprivate func text(in time: Duration) -> String {
        var lines: [String] = []
        var rules: [StoreRule] = []
        for violation in violations {
            if !rules.contains(violation.rule) { rules.append(violation.rule) }
            let place = violation.instance.map { "instance \($0), " } ?? ""
            lines.append(
                "\(violation.rule.rawValue): \(place)\(violation.subject): expected \(violation.expected); found \(violation.found)"
            )
        }
        if count > violations.count { lines.append("… and \(count - violations.count) more") }
        if !rules.isEmpty { lines.append("") }
        for rule in rules { lines.append("\(rule.rawValue) (\(rule.text)): \(rule.remedy)") }
        if !rules.isEmpty { lines.append("") }
        let outcome = count == 0 ? "all is well" : "\(count) violations"
        lines.append(
            """
            verified \(instances) instances, \(journalRows) rows of journal, \(tasks) open tasks, \(timers) timers, \
            \(subscriptions) subscriptions, \(inbox) on their way, \(outbox) to send, \(contents) contents \
            in \(time.milliseconds) ms: \(outcome)
            """)
        return lines.joined(separator: "\n")
    }

    fileprivate var json: JSON {
        .object([
            ("instances", .number(instances)), ("journalRows", .number(journalRows)), ("openTasks", .number(tasks)),
            ("timers", .number(timers)), ("subscriptions", .number(subscriptions)), ("inbox", .number(inbox)),
            ("outbox", .number(outbox)), ("contents", .number(contents)), ("violations", .number(count)),
            ("shown", .array(violations.map(\.json))),
        ])
    }
}

extension StoreViolation {
    fileprivate var json: JSON {
        .object([
            ("rule", .string(rule.rawValue)), ("instance", instance.map { .string($0) } ?? .null),
            ("subject", .string(subject)), ("expected", .string(expected)), ("found", .string(found)),
            ("remedy", .string(rule.remedy)),
        ])
    }
}
