import Staging
import Values

/// What is kept of a decision: the DMN file that has it, and the files that it imports, so that a version never changes.
package struct DecisionBundle: Sendable, Hashable {
    package struct File: Sendable, Hashable {
        package var name: String
        package var text: String
        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The one with the decision first.
    package var files: [File]

    package init(files: [File]) {
        self.files = files
    }

    /// Nil for bytes that are no bundle.
    package init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(validating: bytes), let elements = json["files"]?.elements(), !elements.isEmpty
        else { return nil }
        files = elements.compactMap { element in
            guard let name = element["name"]?.stringValue, let text = element["text"]?.stringValue else { return nil }
            return File(name: name, text: text)
        }
        if files.count != elements.count { return nil }
    }

    /// The same files with LF at the ends of their lines, as a push stores them; with CR LF; and as they are.
    package var spellings: [DecisionBundle] {
        func all(_ choose: ([[UInt8]]) -> [UInt8]) -> DecisionBundle {
            DecisionBundle(
                files: files.map { file in
                    let text = choose(LineEnds.spellings(of: Array(file.text.utf8)))
                    return File(name: file.name, text: String(decoding: text, as: UTF8.self))
                })
        }
        return [all { $0[0] }, all { $0[1] }, self]
    }

    package var bytes: [UInt8] {
        JSON.object([
            (
                "files",
                .array(files.map { .object([("name", .string($0.name)), ("text", .string($0.text))]) })
            )
        ]).bytes
    }
}
