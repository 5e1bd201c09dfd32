import OrderedCollections
package import Values

/// Cases in the format of JSON-Schema-Test-Suite.
package struct SchemaSuite: Sendable {
    /// A file of groups of cases. `path` is below the directory of the tests: `draft2020-12/optional/format/date.json`.
    package struct File: Sendable {
        package let path: String
        package let bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// Formats that pass anything on purpose.
    private static let openFormats: Set = ["idn-email", "idn-hostname", "iri", "iri-reference", "uri-template"]

    private static let drafts: Set = ["draft2020-12", "draft7"]

    private let documents: SchemaDocuments

    /// `remotes`: the documents that the cases refer to, by their paths below the directory of that name.
    package init(remotes: [File]) {
        var documents = SchemaDocuments()
        for remote in remotes {
            guard let schema = try? Value(parsing: remote.bytes) else { continue }  // A reference to it then fails.
            documents.register(schema, at: "http://localhost:1234/\(remote.path)")
        }
        self.documents = documents
    }

    /// The cases of each file, in the order given; those below `optional` are not demanded. Formats are asserted below
    /// `optional/format`.
    package func run(_ files: [File]) -> SuiteReport {
        var report = SuiteReport()
        for file in files { run(file, &report) }
        return report
    }

    private func run(_ file: File, _ report: inout SuiteReport) {
        let folders = file.path.split(separator: "/").dropLast()
        let stem = String(file.path.split(separator: "/").last?.split(separator: ".").first ?? "")
        let groups: [Value]
        do throws(JSONError) {
            groups = try Value(parsing: file.bytes).listValue ?? []
        } catch {
            return report.add(
                file.path, .failed("line \(error.line): \(error.message)"), isOptional: folders.contains("optional"))
        }
        let isOfFormats = folders.last == "format"
        let refusal: String? =
            if let draft = folders.first(where: { $0.hasPrefix("draft") && !Self.drafts.contains(String($0)) }) {
                "schemas of \(draft): they are of draft 2020-12 or 7"
            } else if isOfFormats, Self.openFormats.contains(stem) {
                "the format \(stem), which is not asserted"
            } else {
                nil
            }
        for group in groups {
            let title = "\(stem): \(group["description"]?.stringValue ?? "")"
            let schema = Self.schema(of: group, isDraft7: folders.contains("draft7"))
            for (name, verdict) in verdicts(of: group, schema, assertsFormats: isOfFormats) {
                report.add(
                    "\(title): \(name)", refusal.map { .refused($0) } ?? verdict,
                    isOptional: folders.contains("optional"))
            }
        }
    }

    /// Cases of draft 7 leave it to their directory to say so.
    private static func schema(of group: Value, isDraft7: Bool) -> Value {
        let schema = group["schema"] ?? true
        guard isDraft7, var members = schema.objectValue, members["$schema"] == nil else { return schema }
        members["$schema"] = .string(Draft7.dialect)
        return .object(members)
    }

    private func verdicts(
        of group: Value, _ schema: Value, assertsFormats: Bool
    ) -> [(name: String, verdict: SuiteReport.Verdict)] {
        let tests = (group["tests"]?.listValue ?? []).map { (name: $0["description"]?.stringValue ?? "", test: $0) }
        do throws(SchemaProblems) {
            let schema = try JSONSchema(schema, documents: documents, assertsFormats: assertsFormats)
            return tests.map { ($0.name, Self.verdict(of: $0.test, schema)) }
        } catch {
            let problems = error.all.map { "\($0.path) \($0.message)" }.joined(separator: "; ")
            return tests.map { ($0.name, .failed("the schema does not compile: \(problems)")) }
        }
    }

    private static func verdict(of test: Value, _ schema: JSONSchema) -> SuiteReport.Verdict {
        guard let data = test["data"], let expected = test["valid"]?.boolValue else {
            return .failed("the case has no data or does not say whether it is valid")
        }
        let violations = schema.validate(data)
        if schema.isValid(data) != violations.isEmpty { return .failed("is valid and has violations, or neither") }
        if violations.isEmpty == expected { return .passed }
        return .failed(expected ? violations.map(\.message).joined(separator: "; ") : "was accepted")
    }
}
