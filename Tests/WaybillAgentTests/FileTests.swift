import ArgumentParser
import Foundation
import Testing
import Values

@testable import waybill

/// Files that commands read and write for a person.
struct FileTests {
    private static func directory() throws -> URL {
        let place = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        return place
    }

    @Test(arguments: [
        ("kind: task\n", true), ("k1 00\n", true), ("", false),
        ("k1 \(String(repeating: "ab", count: 32))\n", false),
    ])
    func `a new key goes into a file of keys, and into no other`(content: String, isRefused: Bool) throws {
        let folder = try Self.directory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "keys")
        try Data(content.utf8).write(to: file)

        if isRefused {
            #expect(throws: CommandError.self) { try SettingsKeyCommand.parse([file.path]).run() }
            #expect(try String(contentsOf: file, encoding: .utf8) == content)
        } else {
            try SettingsKeyCommand.parse([file.path]).run()
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.hasSuffix(content) && text.utf8.count > content.utf8.count)
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
        }
    }

    @Test func `bytes that are no text are no file of keys`() throws {
        let folder = try Self.directory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "film.mp4")
        let bytes = Data([0xFF, 0xFE, 0x00, 0x80])
        try bytes.write(to: file)

        #expect(throws: CommandError.self) { try SettingsKeyCommand.parse([file.path]).run() }
        #expect(throws: CommandError.self) { try SettingsKeyCommand.parse([folder.path]).run() }
        #expect(try Data(contentsOf: file) == bytes)
    }

    @Test func `an output file is replaced whole, a link stays one, a device stays a device`() throws {
        let folder = try Self.directory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, link) = (folder.appending(path: "a"), folder.appending(path: "b"))
        try Data("old and longer".utf8).write(to: file)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)

        try OutputFile.write(Array("new".utf8), to: link.path)
        try OutputFile.write(Array("new".utf8), to: "/dev/null")

        #expect(try String(contentsOf: file, encoding: .utf8) == "new")
        let types = try [link.path, "/dev/null"].map { path in
            try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        }
        #expect(types == [.typeSymbolicLink, .typeCharacterSpecial])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "b"])
    }

    @Test(arguments: [
        ("/dev/full", "no space"), ("/nonexistent/file", "directory is not there"), ("/tmp", "it is a directory"),
        ("", "empty"),
    ])
    func `what cannot be written says why`(path: String, says: String) {
        do {
            try OutputFile.write([1], to: path)
            Issue.record("\(path) was written")
        } catch {
            #expect("\(error)".contains(says), "\(error)")
        }
    }

    @Test func `a directory is read without what is hidden, and all that is wrong with it is told`() throws {
        let folder = try Self.directory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let hidden = folder.appending(path: ".waybill/output")
        try FileManager.default.createDirectory(at: hidden, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: hidden.appending(path: "made.json"))
        try Data("kind: task".utf8).write(to: folder.appending(path: "a.yaml"))
        try Data([0xFF]).write(to: folder.appending(path: "b.yaml"))
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "c.bpmn"), withDestinationURL: folder.appending(path: "gone"))

        let (files, problems) = try ContractDirectory.read(folder.path + "/")

        #expect(files.map(\.path) == [folder.path + "/a.yaml"])
        #expect(problems.map(\.file) == ["b.yaml", "c.bpmn"].map { folder.path + "/" + $0 })
        #expect(throws: CommandError.self) { try ContractDirectory.read("") }
    }
}
