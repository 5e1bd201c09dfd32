import ArgumentParser
import Contracts
import Foundation
import Services
import Staging
import Values
import YAMLReader

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Write the contracts and models of the config store into a directory.",
        discussion: """
            The newest version of each: of a task or decision contract the newest minor of every major. Files that are for the same
            contract or process are updated where they are; files that say the same stay as they are. Files changed here since
            the last pull are not overwritten without --force. A later push from the directory is refused if somebody else has
            pushed since.

            Examples:
              waybill pull workflows
              waybill pull --revision 12 --format json old
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    @Argument(help: "The directory; made if it is not there.")
    var directory: String
    @Option(help: "This revision instead of the newest.")
    var revision: Int?
    @Option(help: "How contracts are written: yaml or json.")
    var format = Format.yaml
    @Flag(help: "Overwrite files that were changed here.")
    var force = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let snapshot = try await RESTClient.with(server) { client in
            try await client.get(
                "/v1/config/snapshot", query: [("revision", revision.map { String($0) })], with: "artifacts")
        }
        guard let number = snapshot["revision"]?["number"]?.intValue, let store = snapshot["store"]?.stringValue else {
            throw CommandError("the config store is empty: there is nothing to pull")
        }
        let directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        let before = try WorkingCopy.read(in: directory)
        if let before, before.store != store, !force {
            throw CommandError(
                "\(directory) was pulled from another installation; pull into another directory, or use --force")
        }
        let wanted = try wantedFiles(of: snapshot)
        let local = try WorkingCopy.localFiles(in: directory)
        let plan = PullPlan(wanted: wanted, local: local, pulled: before?.files ?? [:], force: force)
        guard plan.refused.isEmpty else {
            let list = plan.refused.map { "  \(directory)/\($0.path): \($0.why)" }.joined(separator: "\n")
            throw CommandError("nothing was written, since files were changed here; --force overwrites them:\n\(list)")
        }
        try carryOut(plan, in: directory)
        let hashes = Dictionary(local.map { ($0.path, $0.fileHash) }, uniquingKeysWith: { $1 })
        var copy = WorkingCopy(store: store, revision: number, files: [:])
        for path in plan.kept { copy.files[path] = hashes[path] }
        for (path, bytes) in plan.writes { copy.files[path] = Readers.sha256(bytes) }
        try copy.write(in: directory)
        print(
            "Pulled revision \(number) into \(directory): \(plan.writes.count) written, \(plan.kept.count) unchanged, "
                + "\(plan.deletes.count) removed.")
    }

    private func carryOut(_ plan: PullPlan, in directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for (path, bytes) in plan.writes { try OutputFile.write(bytes, to: directory + "/" + path) }
            for path in plan.deletes { try FileManager.default.removeItem(atPath: directory + "/" + path) }
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("cannot write into \(directory): \(error.localizedDescription)")
        }
    }

    /// What is worth having in a directory: everything that a push of it would look at.
    private func wantedFiles(of snapshot: JSON) throws -> [PullPlan.Wanted] {
        var contracts: [(contract: Contract, hash: String, json: JSON)] = []
        var models: [String: (hash: String, content: String)] = [:]
        // Several decisions of one file, and their versions, oldest first: the last of a name is the newest.
        var decisions: [DecisionBundle.File] = []
        for artifact in snapshot["artifacts"]?.elements() ?? [] {
            guard let content = artifact["content"]?.stringValue, let hash = artifact["hash"]?.stringValue else {
                throw CommandError("the server's answer is not a snapshot")
            }
            if artifact.cell("kind") == Artifact.dmnKind {
                decisions += DecisionBundle(Array(content.utf8))?.files ?? []
            } else if artifact.cell("kind") == Artifact.bpmnKind {
                models["\(artifact.cell("name"))@\(artifact.cell("version"))"] = (hash, content)
            } else {
                let json = try JSON(validating: content)
                contracts.append((try Contract(canonical: json), hash, json))
            }
        }
        let newest = contracts.filter { one in
            !contracts.contains { other in
                other.contract.name == one.contract.name && other.contract.version > one.contract.version
                    && (one.contract.kind == .workflow || other.contract.version.major == one.contract.version.major)
            }
        }
        var wanted = newest.map { one in
            let isOld = newest.contains {
                $0.contract.name == one.contract.name && $0.contract.version > one.contract.version
            }
            let name = one.contract.name + (isOld ? ".v\(one.contract.version.major)" : "")
            return PullPlan.Wanted(
                subjects: ["\(one.contract.kind.rawValue) \(one.contract.name) \(one.contract.version.major)"],
                path: "\(name).\(format.rawValue)", artifact: one.hash,
                bytes: Array(YAMLText.text(one.json.decoded()).utf8), json: Array((one.json.text + "\n").utf8))
        }
        for case (let contract, let process?) in newest.map({ ($0.contract, $0.contract.process) }) {
            guard let model = models["\(process)@\(contract.version)"] else { continue }
            if let index = wanted.firstIndex(where: { $0.artifact == model.hash }) {
                wanted[index].subjects.append("bpmn \(process)")
            } else {
                wanted.append(
                    PullPlan.Wanted(
                        subjects: ["bpmn \(process)"], path: Self.fileName(of: process) + ".bpmn", artifact: model.hash,
                        bytes: Array(model.content.utf8)))
            }
        }
        for (name, text) in Dictionary(decisions.map { ($0.name, $0.text) }, uniquingKeysWith: { $1 }) {
            let bytes = Array(text.utf8)
            let path = Self.fileName(of: name)
            wanted.append(
                PullPlan.Wanted(
                    subjects: ["dmn \(path)"], path: path, artifact: Readers.sha256(bytes), bytes: bytes))
        }
        return wanted
    }

    /// A process id as a file's name: it comes from a model, and may be anything.
    private static func fileName(of process: String) -> String {
        let name = process.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }
        return name.first == "." ? "_" + String(name) : String(name)
    }
}
