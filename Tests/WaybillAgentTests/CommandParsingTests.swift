import ArgumentParser
import Foundation
import Testing
import Values

@testable import waybill

/// What commands make of their arguments, before they ask the server.
struct CommandParsingTests {
    @Test func `pairs of migrate win over its file, and pairs that go without saying are left out`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "mapping-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"mapping": {"a": "a", "b": "c", "d": null, "e": "f"}, "unmapped": []}"#.utf8).write(to: file)

        let command = try MigrateCommand.parse([
            "p", "--from", "1", "--mapping", file.path, "--map", "e=", "--map", "x=y", "--instance", "i-1",
        ])

        #expect(command.to == "latest" && command.instance == ["i-1"] && command.batch == 100)
        #expect(try command.overrides().text == #"{"b":"c","d":null,"e":null,"x":"y"}"#)
    }

    @Test(arguments: [["--map", "a"], ["--mapping", "/nonexistent"]])
    func `a mapping that cannot be read is refused`(arguments: [String]) throws {
        let command = try MigrateCommand.parse(["p", "--from", "1"] + arguments)
        #expect(throws: (any Error).self) { try command.overrides() }
    }

    @Test func `a start says all that it was told`() throws {
        let command = try StartCommand.parse([
            "media.ingest@>=1.2 <2", "--set", "n=1", "--business-key", "k", "--idempotency-key", "once", "--run-as",
            "anna", "--correlation-id", "order-42", "--priority", "-5", "--metadata", "site=b",
        ])

        let (workflow, body) = try command.request()

        #expect(workflow == "media.ingest")
        for (member, text) in [
            ("version", "\">=1.2 <2\""), ("businessKey", "\"k\""), ("idempotencyKey", "\"once\""),
            ("runAs", "\"anna\""), ("correlationId", "\"order-42\""), ("priority", "-5"),
            ("metadata", #"{"site":"b"}"#), ("input", #"{"n":1}"#),
        ] {
            #expect(body[member]?.text == text, "\(member)")
        }
    }

    @Test(arguments: [
        ["list", "--server", "http://127.0.0.1:99999"], ["list", "--server", "http://h?x=1"],
        ["list", "--server", "http://name:secret@h"],
    ])
    func `a server that cannot be is refused before anything is sent`(arguments: [String]) async throws {
        let command = try ListCommand.parse(Array(arguments.dropFirst()))
        do {
            try await command.run()
            Issue.record("it was taken")
        } catch let error as CommandError {
            #expect(error.description.hasPrefix("--server") && !error.description.contains("secret"), "\(error)")
        }
    }

    @Test(arguments: [
        ["--json"], ["--json", "--revision", "3"],
    ])
    func `a rollback for programs asks nobody`(arguments: [String]) {
        #expect(throws: (any Error).self) { try StageRollbackCommand.parse(arguments) }
        #expect(throws: Never.self) { try StageRollbackCommand.parse(arguments + ["--yes"]) }
    }

    @Test func `a label is named once`() throws {
        let command = try StartCommand.parse(["p", "--metadata", "x=y", "--metadata", "x=q"])
        #expect(throws: CommandError.self) { try command.request() }
    }

    @Test func `a modification says all that it was told, in order`() throws {
        let id = "0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e"
        let command = try ModifyCommand.parse([
            id, "--start-before", "a", "--move", "b=c", "--cancel", "d", "--cancel-activity", "7", "--cancel-activity",
            "8", "--set", "n=1",
        ])
        #expect(
            JSON.array(try command.instructions()).text
                == #"[{"startBefore":"a","variables":{"n":1}},{"move":"b","to":"c"},{"cancel":"d"},"#
                + #"{"cancelActivity":7},{"cancelActivity":8}]"#)
        let plain = try ModifyCommand.parse([id, "--cancel-activity", "7", "--set", "n=1"])
        #expect(
            JSON.array(try plain.instructions()).text == #"[{"setVariables":{"n":1}},{"cancelActivity":7}]"#)
        #expect(throws: (any Error).self) { try ModifyCommand.parse([id]).instructions() }
    }

    @Test func `a retry sets variables before it tries again`() throws {
        let id = "0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e"
        let command = try RetryCommand.parse([id, "--incident", "2", "--retries", "5", "--set", "limit=4"])
        #expect(
            try command.requests().map { "\($0.action) \($0.body.text)" } == [
                #"modify {"instructions":[{"setVariables":{"limit":4}}]}"#, #"retry {"incident":2,"retries":5}"#,
            ])
        #expect(try RetryCommand.parse([id]).requests().map { "\($0.action) \($0.body.text)" } == ["retry {}"])
    }
}
