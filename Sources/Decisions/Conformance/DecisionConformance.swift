import Expressions
import OrderedCollections
package import Values

/// Runs test cases in the format of the DMN Technology Compatibility Kit, wherever they lie.
package struct DecisionConformance: Sendable {
    /// How files are found and read: this target has no file system.
    package struct Files: Sendable {
        /// The names in a directory, sorted; those of directories end with a slash. Nothing for what is no directory.
        package var list: @Sendable (_ directory: String) -> [String]
        /// The root element of an XML file.
        package var read: @Sendable (_ file: String) throws(Diagnostics) -> SourceNode

        package init(
            list: @escaping @Sendable (String) -> [String],
            read: @escaping @Sendable (String) throws(Diagnostics) -> SourceNode
        ) {
            self.list = list
            self.read = read
        }
    }

    private let files: Files
    private let options: DecisionOptions

    package init(files: Files, options: DecisionOptions) {
        self.files = files
        self.options = options
    }

    /// Every case in and below a directory, in the order of the names.
    package func run(_ directory: String) -> ConformanceReport {
        var outcomes: [ConformanceReport.Outcome] = []
        var waiting = [(path: directory, name: "")]
        while let (path, name) = waiting.popLast() {
            let entries = files.list(path)
            for entry in entries.reversed() where entry.hasSuffix("/") {
                let inner = String(entry.dropLast())
                waiting.append((path + "/" + inner, name.isEmpty ? inner : name + "/" + inner))
            }
            for entry in entries where entry.hasSuffix(".xml") { outcomes += run(entry, in: path, named: name) }
        }
        return ConformanceReport(outcomes: outcomes)
    }

    private func run(_ file: String, in path: String, named directory: String) -> [ConformanceReport.Outcome] {
        let root: SourceNode
        do throws(Diagnostics) {
            root = try files.read(path + "/" + file)
        } catch {
            return [.init(directory: directory, id: file, expectsValue: true, verdict: .failed(["\(error)"]))]
        }
        guard root.name == "testCases" else { return [] }
        let cases = root.own("testCase").map { ConformanceCase($0) }
        let modelName = root.firstOwn("modelName")?.text.withoutSpace ?? ""
        do throws(Diagnostics) {
            let model = try self.model(modelName, in: path)
            return cases.map { test in
                .init(
                    directory: directory, id: test.id, expectsValue: test.expectsValue, verdict: verdict(test, model))
            }
        } catch {
            let reason = "\(error)"
            return cases.map {
                .init(directory: directory, id: $0.id, expectsValue: $0.expectsValue, verdict: .failed([reason]))
            }
        }
    }

    /// The model with the models it imports, which lie beside it.
    private func model(_ name: String, in path: String) throws(Diagnostics) -> DecisionModel {
        let main = try files.read(path + "/" + name)
        var read = [DecisionModel.File(main, name: name)]
        if main.firstOwn("import") != nil {
            for other in files.list(path) where other.hasSuffix(".dmn") && other != name {
                read.append(DecisionModel.File(try files.read(path + "/" + other), name: other))
            }
        }
        return try DecisionModel.read(read, tolerating: .wrongExpressions)
    }

    private func verdict(_ test: ConformanceCase, _ model: DecisionModel) -> ConformanceReport.Verdict {
        var reasons: [String] = []
        var refusal: String?
        for result in test.results {
            do throws(Diagnostics) {
                let answer = try self.answer(to: result, of: test, model)
                if let host = answer.diagnostics.first(where: { $0.code == "unsupported-function" }) {
                    refusal = host.message
                }
                if ConformanceCase.agree(answer.value, result.expected) { continue }
                reasons.append(
                    "\(result.name): expected \(DecisionConformance.text(result.expected)), not "
                        + DecisionConformance.text(answer.value)
                        + (answer.diagnostics.first.map { " (\($0.message))" } ?? ""))
            } catch {
                // An error is what the kit writes as null.
                if !result.expected.isNull { reasons.append("\(result.name): \(error)") }
            }
        }
        if reasons.isEmpty { return .passed }
        return refusal.map { .refused($0) } ?? .failed(reasons)
    }

    private func answer(
        to result: ConformanceCase.Result, of test: ConformanceCase, _ model: DecisionModel
    ) throws(Diagnostics) -> (value: Datum, diagnostics: [Diagnostic]) {
        let evaluated = try model.evaluate(test.invocable ?? result.name, inputs: test.inputs, options: options)
        // A service with several outputs answers all of them.
        if test.invocable != nil, case .context(let members) = evaluated.value, let member = members[result.name],
            test.results.count > 1
        {
            return (member, evaluated.diagnostics)
        }
        return (evaluated.value, evaluated.diagnostics)
    }

    /// A value as messages show it.
    private static func text(_ value: Datum) -> String {
        var text = "\(value.described)"
        if text.utf8.count > 300 { text = String(text.prefix(300)) + "..." }
        return text
    }
}
