import Contracts
import Testing
import Values
import YAMLReader

/// Contracts as text, for tests.
enum Sample {
    static let transcode = """
        kind: task
        name: media.transcode
        version: "2.1"
        title: Transcode a media file
        description: Makes another rendition.
        categories: [media]
        input:
          type: object
          required: [sourceUri]
          properties:
            sourceUri: {type: string, format: uri}
            preset: {type: string, enum: [proxy, web, master], default: proxy}
        output:
          type: object
          properties:
            proxyUri: {type: string, format: uri}
            durationSeconds: {type: number}
        errors:
          - code: UNSUPPORTED_CODEC
            description: No decoder
        events:
          - name: warning
            payload: {type: object, required: [text], properties: {text: {type: string}}}
        retry: {maxAttempts: 5, backoff: PT10S, multiplier: 1.5, maxBackoff: PT5M}
        timeout: PT2H
        heartbeat: PT30S
        concurrency: 8
        priority: 10
        secrets: [password]
        examples:
          - title: One
            input: {sourceUri: "file:///a.mxf"}
        """

    static func contract(_ text: String) throws -> Contract {
        try Contract(YAMLReader.read(Array(text.utf8), file: "contract.yaml"))
    }

    /// A task contract of which only the given lines matter.
    static func task(_ name: String = "a.b", _ version: String = "1.0", _ rest: String = "") throws -> Contract {
        try contract("kind: task\nname: \(name)\nversion: \"\(version)\"\n\(rest)")
    }

    static func workflow(_ name: String, _ version: String, process: String, _ rest: String = "") throws -> Contract {
        try contract("kind: workflow\nname: \(name)\nversion: \"\(version)\"\nprocess: \(process)\n\(rest)")
    }

    /// Everything wrong with a contract's text, as `line: [code] message; suggestion`.
    static func problems(_ text: String) -> [String] {
        do {
            _ = try contract(text)
            return []
        } catch let diagnostics as Diagnostics {
            return diagnostics.all.map {
                "\($0.position.line): [\($0.code)] \($0.message)" + ($0.suggestion.map { "; \($0)" } ?? "")
            }
        } catch {
            return ["\(error)"]
        }
    }
}
