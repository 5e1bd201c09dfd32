import Foundation
import Testing
import Values

@testable import Expressions

/// The literal expressions of the DMN Technology Compatibility Kit whose inputs are JSON and that need no other
/// decision.
@Suite struct ConformanceTests {
    /// Cases of the kit that this answers otherwise, and why; a prefix of `folder/case/decision`.
    static let otherwise: [(prefix: String, reason: String)] =
        regions.map { ("0100-arithmetic/subtract_lhs_\($0)", "the scope here has no rules of regions") }

    private static let regions = [
        "dateAndTime_minus_rhs_dateAndTime_007", "dateAndTime_minus_rhs_dateAndTime_008",
        "dateAndTime_minus_rhs_dateAndTime_012", "dateAndTime_minus_rhs_date_002", "dateAndTime_minus_rhs_date_004",
        "date_minus_rhs_dateAndTime_003", "date_minus_rhs_dateAndTime_005",
    ]

    /// Their results are converted to the type of their decision, which is not an expression's affair.
    private static let converted = ["0021-singleton-list", "0082-feel-coercion"]

    struct Case {
        let name: String
        let source: String
        let inputs: [(name: String, value: JSON)]
        let expected: Value
    }

    static var root: URL {
        if let path = ProcessInfo.processInfo.environment["WAYBILL_CONFORMANCE"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/conformance")
    }

    @Test func `answers the literal expressions of the compatibility kit`() throws {
        let folder = Self.root.appendingPathComponent("dmn-tck")
        guard FileManager.default.fileExists(atPath: folder.path) else {
            print("not run: the DMN compatibility kit, absent at \(folder.path)")
            return
        }
        var passed = 0
        var failures: [String] = []
        for test in try cases(in: folder) {
            let answer = evaluate(test)
            if let answer, Self.agree(answer, test.expected) {
                passed += 1
            } else if !Self.otherwise.contains(where: { test.name.hasPrefix($0.prefix) }) {
                let source = test.source.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                failures.append(
                    "\(test.name): \(source) = \(test.expected), not \(answer.map { "\($0)" } ?? "an error")")
            }
        }
        print("DMN compatibility kit: \(passed) literal expressions answered as expected")
        #expect(passed >= 2420)
        #expect(failures.isEmpty, "\(failures.count) failed:\n\(failures.joined(separator: "\n"))")
    }

    private func evaluate(_ test: Case) -> Value? {
        let scope = TestScope(members: test.inputs)
        guard let expression = try? Expression.parse(test.source, as: .feel, knownNames: scope.names) else {
            return test.expected.isNull ? .null : nil
        }
        return (try? expression.evaluate(in: scope))?.decoded()
    }

    /// Temporal values agree as values: the kit writes some of their texts in another form.
    static func agree(_ answer: Value, _ expected: Value) -> Bool {
        switch (answer, expected) {
        case (.string(let left), .string(let right)):
            return left == right || (TemporalText.parse(left).map { $0 == TemporalText.parse(right) } ?? false)
        case (.number(let left), .number(let right)):
            guard let distance = left.subtracting(right)?.magnitude else { return false }
            return distance <= Decimal128("0.00000001") ?? .zero
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { agree($0, $1) }
        case (.object, .object):
            let members = answer.json.members() ?? []
            return members.count == expected.json.members()?.count
                && members.allSatisfy { member in
                    expected[member.name].map { agree(member.value.decoded(), $0) } ?? false
                }
        default: return answer == expected
        }
    }

    // MARK: Reading the kit

    private func cases(in folder: URL) throws -> [Case] {
        var cases: [Case] = []
        var notRun: [String: Int] = [:]
        for level in ["compliance-level-2", "compliance-level-3"] {
            let levelFolder = folder.appendingPathComponent(level)
            for name in try FileManager.default.contentsOfDirectory(atPath: levelFolder.path).sorted() {
                let testFolder = levelFolder.appendingPathComponent(name)
                let files = (try? FileManager.default.contentsOfDirectory(atPath: testFolder.path).sorted()) ?? []
                for file in files where file.hasSuffix(".xml") {
                    let (found, skipped) = try read(testFolder.appendingPathComponent(file), in: testFolder)
                    cases += found
                    if skipped > 0 { notRun[name, default: 0] += skipped }
                }
            }
        }
        let names = notRun.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
        print("not run, as they need more than one literal expression, or inputs or results that are not JSON:")
        print(names.joined(separator: ", "))
        return cases
    }

    private func read(_ file: URL, in folder: URL) throws -> (cases: [Case], skipped: Int) {
        guard let tests = TestXML.parse(try String(contentsOf: file, encoding: .utf8)),
            let model = tests.first("modelName")?.text.trimmingSpace,
            let source = try? String(contentsOf: folder.appendingPathComponent(model), encoding: .utf8),
            let definitions = TestXML.parse(source)
        else { return ([], 1) }
        let types = definitions.all("itemDefinition").compactMap { $0.attributes["name"] }
        var cases: [Case] = []
        var skipped = 0
        for test in tests.all("testCase") {
            let inputs = test.all("inputNode").map { (name: $0.attributes["name"] ?? "", value: Self.value(of: $0)) }
            for result in test.all("resultNode") {
                let name = result.attributes["name"] ?? ""
                let decision = definitions.all("decision").first { $0.attributes["name"] == name }
                let requirements = decision?.children.filter { $0.name.hasSuffix("Requirement") } ?? []
                let needsMore = requirements.contains { $0.first("requiredInput") == nil }
                guard let text = decision?.first("literalExpression")?.first("text")?.text, !needsMore,
                    !Self.needsTypes(decision, text, types), !Self.converted.contains(folder.lastPathComponent),
                    let expected = result.first("expected").flatMap({ Self.value(of: $0) }),
                    !inputs.contains(where: { $0.value == nil })
                else {
                    skipped += 1
                    continue
                }
                cases.append(
                    Case(
                        name: "\(folder.lastPathComponent)/\(test.attributes["id"] ?? "")/\(name)", source: text,
                        inputs: inputs.map { ($0.name, JSON($0.value ?? .null)) }, expected: expected))
            }
        }
        return (cases, skipped)
    }

    /// Whether the model's own types matter: the result is converted to one, or the text names one.
    private static func needsTypes(_ decision: TestXML?, _ text: String, _ types: [String]) -> Bool {
        let result = decision?.first("variable")?.attributes["typeRef"]
        return types.contains { $0 == result || text.contains($0) }
    }

    /// A value as JSON; nil for temporal inputs inside, which JSON cannot carry.
    private static func value(of node: TestXML) -> Value? {
        if let list = node.first("list") { return .list(list.all("item").compactMap { value(of: $0) }) }
        let components = node.all("component")
        if !components.isEmpty {
            var members: [(name: String, value: JSON)] = []
            for component in components {
                guard let member = value(of: component) else { return nil }
                members.append((component.attributes["name"] ?? "", member.json))
            }
            return JSON.object(members).decoded()
        }
        guard let value = node.first("value"), value.attributes["nil"] != "true" else { return .null }
        switch value.attributes["type"].map({ $0.split(separator: ":").last ?? "" }) {
        case "boolean": return .bool(value.text == "true")
        case "decimal", "double", "integer", "int": return Decimal128(value.text).map { .number($0) }
        case "date", "time", "dateTime", "duration": return node.name == "inputNode" ? nil : .string(value.text)
        default: return .string(value.text)
        }
    }
}
