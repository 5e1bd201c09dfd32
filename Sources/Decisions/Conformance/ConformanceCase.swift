import Expressions
import OrderedCollections
import Values

/// A test case of the DMN Technology Compatibility Kit: inputs, and the results they must give.
struct ConformanceCase: Sendable {
    struct Result: Sendable {
        let name: String
        let expected: Datum
    }

    let id: String
    /// A decision service or business knowledge model that is called instead of decisions.
    let invocable: String?
    let inputs: [DecisionInput]
    let results: [Result]

    /// Whether anything but null is expected.
    var expectsValue: Bool { results.contains { !$0.expected.isNull } }

    private static let instance = "http://www.w3.org/2001/XMLSchema-instance"

    init(_ node: SourceNode) {
        id = node.attribute("id") ?? ""
        let type = node.attribute("type") ?? "decision"
        invocable = type == "decision" ? nil : node.attribute("invocableName")
        inputs = node.own("inputNode").map { input in
            DecisionInput(
                name: input.attribute("name") ?? "", namespace: input.attribute("namespace"),
                value: ConformanceCase.value(of: input))
        }
        results = node.own("resultNode").map { result in
            Result(
                name: result.attribute("name") ?? "",
                expected: result.firstOwn("expected").map { ConformanceCase.value(of: $0) } ?? .null)
        }
    }

    /// A `value`, a `list`, or `component`s.
    private static func value(of node: SourceNode) -> Datum {
        if let list = node.firstOwn("list") { return .list(list.own("item").map { value(of: $0) }) }
        let components = node.own("component")
        if !components.isEmpty {
            return .context(
                .init(components.map { ($0.attribute("name") ?? "", value(of: $0)) }) { first, _ in first })
        }
        guard let value = node.firstOwn("value"), value.attribute("nil", namespace: instance) != "true" else {
            return .null
        }
        let type = value.attribute("type", namespace: instance)?.split(separator: ":").last.map { String($0) } ?? ""
        return scalar(value.text, type)
    }

    private static func scalar(_ text: String, _ type: String) -> Datum {
        let trimmed = text.withoutSpace
        switch type {
        case "boolean": return .bool(trimmed == "true" || trimmed == "1")
        case "decimal", "double", "float", "integer", "int", "long":
            return Decimal128(trimmed).map { .number($0) } ?? .string(text)
        case "date", "time", "dateTime", "duration": return TemporalText.parse(trimmed) ?? .string(text)
        default: return .string(text)
        }
    }

    // MARK: Comparing

    /// Whether an answer is the expected one. Numbers agree within the kit's tolerance.
    static func agree(_ answer: Datum, _ expected: Datum) -> Bool {
        switch (answer, expected) {
        case (.number(let left), .number(let right)):
            guard let distance = left.subtracting(right)?.magnitude else { return false }
            return distance <= tolerance
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { agree($0, $1) }
        case (.context(let left), .context(let right)):
            return left.count == right.count
                && left.allSatisfy { member in right[member.key].map { agree(member.value, $0) } ?? false }
        default: return answer == expected || FEELComparison.order(answer, expected) == 0
        }
    }

    private static let tolerance = Decimal128("0.00000001") ?? .zero
}
