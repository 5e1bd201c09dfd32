package import Decisions
package import Staging
package import Values

/// DMN files that belong together, read and checked.
package struct DecisionFiles: Sendable {
    /// Reads XML into a tree, or throws `Diagnostics`; the XML adapter, given by the wiring.
    package typealias TreeReader = @Sendable (_ source: [UInt8], _ file: String) throws -> SourceNode

    /// One that has decisions, with all that it imports.
    package struct Unit: Sendable {
        package var path: String
        package var decisions: [DecisionModel.Described]
        package var bundle: DecisionBundle
        package var warnings: [Diagnostic]

        /// The decisions, for a change set.
        package var named: [SourceFile.Decision] {
            decisions.map { SourceFile.Decision(id: $0.id, name: $0.name, position: $0.position) }
        }
    }

    package var units: [Unit] = []

    /// Throws `Diagnostics` with everything wrong with any file.
    package init(_ files: [(path: String, content: [UInt8])], read: TreeReader) throws {
        var problems: [Diagnostic] = []
        var trees: [DecisionModel.File] = []
        var texts: [String: String] = [:]
        for file in files {
            guard let text = String(validating: file.content, as: UTF8.self) else {
                problems.append(
                    Diagnostic(
                        code: "encoding", file: file.path, message: "the file is not UTF-8 text",
                        suggestion: "save it as UTF-8"))
                continue
            }
            do {
                trees.append(DecisionModel.File(try read(file.content, file.path), name: file.path))
                texts[file.path] = text
            } catch let error as Diagnostics {
                problems += error.all
            }
        }
        var imported: Set<String> = []
        for tree in trees {
            let closure = DecisionModel.closure(of: tree, among: trees)
            imported.formUnion(closure.dropFirst().map(\.name))
            do throws(Diagnostics) {
                let model = try DecisionModel.read(closure)
                let parts = closure.map { part in
                    DecisionBundle.File(name: Self.lastName(of: part.name), text: texts[part.name] ?? "")
                }
                units.append(
                    Unit(
                        path: tree.name,
                        decisions: model.decisions.filter { $0.namespace == model.namespace && !$0.id.isEmpty },
                        bundle: DecisionBundle(files: parts), warnings: model.problems))
            } catch {
                problems += error.all
            }
        }
        for unit in units where unit.decisions.isEmpty && !imported.contains(unit.path) {
            problems.append(
                Diagnostic(
                    code: "no-decision", file: unit.path,
                    message: "the file has no decision with an id, and no other file imports it",
                    suggestion: "push it together with the files that import it"))
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
    }

    /// Where a file lies is no part of what it says.
    private static func lastName(of path: String) -> String {
        path.split(separator: "/").last.map { String($0) } ?? path
    }
}
