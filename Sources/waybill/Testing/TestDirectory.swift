import Contracts
import Decisions
import Foundation
import ProcessEngine
import Staging
import Values
import WorkflowTesting
import XMLReader
import YAMLReader

/// Reads test files and what lies beside them: models, contracts and decisions of the same directory and below.
struct TestDirectory {
    private var projects: [String: Project] = [:]
    /// Models that could not be read and that no test is of.
    private(set) var warnings: [Diagnostic] = []

    private struct Project {
        var content: TestProject
        /// Why a model cannot be run, by file.
        var broken: [String: Diagnostics]
    }

    /// Of all projects read, each file once, by name.
    var models: [TestProject.Model] {
        var models: [String: TestProject.Model] = [:]
        for model in projects.values.flatMap(\.content.models) { models[model.file] = model }
        return models.values.sorted { $0.file < $1.file }
    }

    private static let testSuffixes = [".test.yaml", ".test.yml", ".test.json"]

    private static let modelSuffixes = [".bpmn", ".bpmn20.xml"]

    static func isTest(_ path: String) -> Bool { testSuffixes.contains { path.lowercased().hasSuffix($0) } }

    /// The files among the paths, and the test files in and below the directories among them.
    static func testFiles(in paths: [String]) throws -> [String] {
        var found: [String] = []
        for path in paths {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw CommandError("cannot read \(path): there is no such file")
            }
            guard isDirectory.boolValue else {
                found.append(path)
                continue
            }
            found += Self.files(below: path).filter(isTest)
        }
        return found
    }

    static func write(_ text: String, to path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        // Reports go into directories of their own; why one cannot be made, the write says.
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try OutputFile.write(Array(text.utf8), to: path)
    }

    mutating func read(_ file: String) throws(Diagnostics) -> TestFile {
        let folder = file.contains("/") ? String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) : "."
        let project = try project(in: folder)
        let source = try YAMLReader.read(Self.content(of: file), file: file)
        let stem = Self.testSuffixes.first { file.lowercased().hasSuffix($0) }.map { file.dropLast($0.count) }
        let beside = Self.modelSuffixes.compactMap { suffix in stem.map { String($0) + suffix } }
        let named = source.value["model"]?.stringValue.map { folder == "." ? $0 : folder + "/" + $0 }
        let known = Set(project.content.models.map(\.file) + project.broken.keys)
        let model = named ?? beside.first { known.contains($0) }
        if let model, let problems = project.broken[model] { throw problems }
        for (_, problems) in project.broken.sorted(by: { $0.key < $1.key }) {
            for problem in problems.all where !warnings.contains(problem) { warnings.append(problem) }
        }
        return try TestFile(source, in: project.content, model: model)
    }

    // MARK: Projects

    private mutating func project(in folder: String) throws(Diagnostics) -> Project {
        if let known = projects[folder] { return known }
        var project = Project(content: TestProject(models: [], zones: SystemZones()), broken: [:])
        var contracts: [Contract] = []
        var decisions: [DecisionModel.File] = []
        for path in Self.files(below: folder) {
            if SourceFile.isModel(path) {
                let root = try XMLReader.read(Self.content(of: path), file: path)
                do throws(Diagnostics) {
                    let definitions = try ProcessDefinition.read(root, file: path)
                    project.content.models.append(
                        TestProject.Model(file: path, root: root, definitions: definitions))
                } catch {
                    project.broken[path] = error
                }
                continue
            }
            switch URL(fileURLWithPath: path).pathExtension.lowercased() {
            case "dmn":
                decisions.append(
                    DecisionModel.File(try XMLReader.read(Self.content(of: path), file: path), name: path))
            case "yaml", "yml", "json":
                guard !Self.isTest(path) else { continue }
                let located = try YAMLReader.read(Self.content(of: path), file: path)
                // Other things may lie there too: a contract says which kind it is.
                if located.value["kind"] != nil { contracts.append(try Contract(located)) }
            default: continue
            }
        }
        project.content.catalog = try ContractCatalog(contracts)
        for file in decisions {
            project.content.decisions.append(try DecisionModel.read(Self.imports(of: file, decisions)))
        }
        projects[folder] = project
        return project
    }

    /// The file, and all that it imports, by whatever way.
    static func imports(
        of file: DecisionModel.File, _ all: [DecisionModel.File]
    ) -> [DecisionModel.File] {
        var found = [file]
        var next = 0
        while next < found.count {
            for node in found[next].root.children where node.name == "import" {
                guard let namespace = node.attribute("namespace"),
                    !found.contains(where: { $0.root.attribute("namespace") == namespace }),
                    let imported = all.first(where: { $0.root.attribute("namespace") == namespace })
                else { continue }
                found.append(imported)
            }
            next += 1
        }
        return found
    }

    /// Of hidden directories nothing.
    private static func files(below folder: String) -> [String] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        return paths.filter { path in !path.split(separator: "/").contains { $0.hasPrefix(".") } }.sorted()
            .map { folder == "." ? $0 : folder + "/" + $0 }
    }

    private static func content(of path: String) throws(Diagnostics) -> [UInt8] {
        switch InputFile.read(path) {
        case .success(let bytes): return bytes
        case .failure(let reason):
            throw Diagnostics(Diagnostic(code: "unreadable", file: path, message: "the file cannot be read: \(reason)"))
        }
    }
}
