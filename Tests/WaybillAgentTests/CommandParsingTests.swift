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
}
