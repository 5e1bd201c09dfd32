import Foundation

/// The package as it lies on disk.
enum SourceTree {
    /// The directory of `Package.swift`, links resolved.
    static let root: URL = {
        var directory = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { directory.deleteLastPathComponent() }
        return directory
    }()

    /// The names of the entries of a directory of the package, sorted, without dot files; empty if there is no such directory.
    static func entries(of path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Every Swift file below a directory of the package, ordered by path.
    static func swiftFiles(below path: String) throws -> [SourceFile] {
        var files: [SourceFile] = []
        var waiting = [path]
        while let directory = waiting.popLast() {
            for name in entries(of: directory) {
                let entry = "\(directory)/\(name)"
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: root.appending(path: entry).path, isDirectory: &isDirectory)
                if isDirectory.boolValue {
                    waiting.append(entry)
                } else if name.hasSuffix(".swift") {
                    let text = try String(contentsOf: root.appending(path: entry), encoding: .utf8)
                    files.append(SourceFile(path: entry, text: text))
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    /// The Swift files of a target of `Sources`.
    static func files(of target: String) throws -> [SourceFile] {
        try sources.get().filter { $0.path.hasPrefix("Sources/\(target)/") }
    }

    /// Every Swift file of `Sources`, read once.
    static let sources = Result { try swiftFiles(below: "Sources") }
}

/// A Swift file: its text, and its code, which is the text with comments and the insides of string literals blanked out.
struct SourceFile: Sendable {
    let path: String
    let text: String
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        self.code = SwiftText.code(of: text)
    }

    /// `Sources/Values/JSON.swift:12`, for the place of an index in `code`.
    func place(_ index: String.Index) -> String {
        "\(path):\(code[..<index].utf8.count { $0 == UInt8(ascii: "\n") } + 1)"
    }
}
