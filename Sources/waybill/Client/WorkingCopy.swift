import Contracts
import Foundation
import ProcessEngine
import Staging
import Values
import XMLReader

/// A directory that was pulled from a config store: which store and revision it is of, and what the pull left in it.
///
/// It is remembered in the file `.waybill-revision` of the directory, which is of this machine and not for version control: a
/// checkout of git has its own history.
struct WorkingCopy {
    static let fileName = ".waybill-revision"

    var store: String
    var revision: Int
    /// Hashes of the files as the pull left them, by path inside the directory.
    var files: [String: String]

    /// Nil if the directory was not pulled. Throws `CommandError` if the file is not what a pull wrote.
    static func read(in directory: String) throws -> WorkingCopy? {
        let path = directory + "/" + fileName
        if case .failure(let reason) = InputFile.read(path), reason.isMissing { return nil }
        guard let json = try? JSON(validating: InputFile.bytes(path)), let store = json["store"]?.stringValue,
            let revision = json["revision"]?.intValue, let files = json["files"]?.members()
        else { throw CommandError("\(path) cannot be read; remove it to forget what was pulled") }
        return WorkingCopy(
            store: store, revision: revision,
            files: Dictionary(files.map { ($0.name, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 }))
    }

    func write(in directory: String) throws {
        let members = files.sorted { $0.key < $1.key }.map { (name: $0.key, value: JSON.string($0.value)) }
        let json = JSON.object([
            ("store", .string(store)), ("revision", .number(revision)), ("files", .object(members)),
        ])
        try OutputFile.write(json.bytes + [10], to: directory + "/" + Self.fileName)
    }

    /// The contracts and models of a directory, as a pull compares them. What cannot be read is for nothing.
    static func localFiles(in directory: String) throws -> [PullPlan.Local] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        return try ContractDirectory.files(in: directory).map { file in
            let bytes = Array(file.content.utf8)
            let path = String(file.path.dropFirst(directory.count + 1))
            var local = PullPlan.Local(
                path: path, subjects: [], artifact: nil, fileHash: Readers.sha256(bytes),
                spellings: Set(LineEnds.spellings(of: bytes).map(Readers.sha256)))
            if path.hasSuffix(".dmn") {
                local.subjects = ["dmn \(path.split(separator: "/").last ?? "")"]
                local.artifact = local.fileHash
            } else if SourceFile.isModel(path) {
                let processes = (try? ProcessDefinition.read(XMLReader.read(bytes, file: path), file: path)) ?? []
                local.subjects = processes.map { "bpmn \($0.process)" }
                local.artifact = local.fileHash
            } else if let contract = try? Readers.contract(bytes, path) {
                local.subjects = ["\(contract.kind.rawValue) \(contract.name) \(contract.version.major)"]
                local.artifact = Readers.sha256(contract.canonical.bytes)
            }
            return local
        }
    }
}
