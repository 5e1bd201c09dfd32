import Foundation
import Staging
import Values

/// The files of a directory that are contracts or models.
enum ContractDirectory {
    typealias File = (path: String, content: String)

    /// As paths of its files begin: without a slash at its end.
    static func name(_ text: String) throws -> String {
        guard !text.isEmpty else { throw CommandError("the directory is empty: name one, as in .") }
        let trimmed = text.reversed().drop { $0 == "/" }
        return trimmed.isEmpty ? "/" : String(trimmed.reversed())
    }

    static func isEmpty(_ directory: String) -> CommandError {
        CommandError("\(directory) has no contracts (*.yaml, *.yml, *.json) and no models (*.bpmn, *.dmn)")
    }

    /// Throws `Diagnostics` of all that cannot be read.
    static func files(in directory: String) throws -> [File] {
        let (files, problems) = try read(directory)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return files
    }

    /// What can be read, and what is wrong with the others. What begins with a dot is none of ours.
    static func read(_ directory: String) throws -> (files: [File], problems: [Diagnostic]) {
        let directory = try name(directory)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            throw CommandError("cannot read \(directory): there is no such directory")
        }
        guard isDirectory.boolValue else { throw CommandError("\(directory) is not a directory") }
        var files: [File] = []
        var problems: [Diagnostic] = []
        var folders = [directory]
        while let folder = folders.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
                problems.append(Diagnostic(code: "unreadable", file: folder, message: "the directory cannot be read"))
                continue
            }
            for name in names where !name.hasPrefix(".") {
                let path = folder == "/" ? "/" + name : folder + "/" + name
                // Not of what a link leads to, which may be this directory.
                let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
                if type == .typeDirectory {
                    folders.append(path)
                } else if isSource(path) {
                    switch content(of: path) {
                    case .success(let content): files.append((path, content))
                    case .failure(let reason):
                        problems.append(
                            Diagnostic(code: "unreadable", file: path, message: "the file cannot be read: \(reason)"))
                    }
                }
            }
        }
        return (files.sorted { $0.path < $1.path }, problems.sorted { $0.file < $1.file })
    }

    private static func isSource(_ path: String) -> Bool {
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        return (["yaml", "yml", "json", "dmn"].contains(ending) || SourceFile.isModel(path))
            && !TestDirectory.isTest(path)
    }

    private static func content(of path: String) -> Result<String, InputFile.Reason> {
        InputFile.read(path).flatMap { bytes in
            String(validating: bytes, as: UTF8.self).map { .success($0) } ?? .failure(.notText)
        }
    }
}
