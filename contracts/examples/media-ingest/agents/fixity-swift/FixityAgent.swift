import Crypto
import Foundation
import WaybillAgent

/// Serves `media.fixity@1` until SIGTERM: the SHA-256 and the length of a file.
@main
struct FixityAgent {
    static func main() async {
        guard CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--amqp-url-file" else {
            return fail("usage: media-fixity-agent --amqp-url-file FILE", status: 64)
        }
        let agent = Agent(name: "media-fixity", bus: .rabbitMQ(urlFile: CommandLine.arguments[2]), prefetch: 2)

        agent.serve("media.fixity@1", input: FixityInput.self) { input, task in
            try await fixity(of: input.path) { try await task.progress($0, "reading") }
        }

        do {
            try await agent.runService()
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) {
        FileHandle.standardError.write(Data("media-fixity-agent: \(message)\n".utf8))
        exit(status)
    }

    /// Reads the file once, in pieces, so that its size does not matter.
    private static func fixity(
        of path: String, progress: (Double) async throws -> Void
    ) async throws -> FixityOutput {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw TaskError.failure("cannot read \(path)")  // it may come: tried again as the contract says
        }
        defer { try? file.close() }
        let byteCount = try file.seekToEnd()
        try file.seek(toOffset: 0)
        var hash = SHA256()
        var readCount: UInt64 = 0
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            hash.update(data: piece)
            readCount += UInt64(piece.count)
            try await progress(Double(readCount) / Double(max(byteCount, readCount)))
        }
        let digits = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return FixityOutput(sha256: digits.joined(), byteCount: readCount)
    }
}

struct FixityInput: Decodable, Sendable {
    var path: String
}

struct FixityOutput: Encodable, Sendable {
    var sha256: String
    var byteCount: UInt64
}
