import Decisions
import Expressions
import Values
import XMLReader

/// A model with these elements; `namespace` is its own.
func file(_ elements: String, namespace: String = "urn:test", name: String = "test") throws -> DecisionModel.File {
    let text = """
        <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" namespace="\(namespace)" name="\(name)" id="d">
        \(elements)
        </definitions>
        """
    return DecisionModel.File(try XMLReader.read(Array(text.utf8), file: "\(name).dmn"), name: "\(name).dmn")
}

func model(_ elements: String) throws -> DecisionModel { try DecisionModel.read([file(elements)]) }

/// A decision with a literal expression, which requires what is listed.
func decision(_ name: String, _ text: String, type: String = "", requires: [String] = []) -> String {
    """
    <decision id="\(name)" name="\(name)"><variable name="\(name)"\(type.isEmpty ? "" : " typeRef=\"\(type)\"")/>
    \(requires.map(requirement).joined())<literalExpression><text>\(escaped(text))</text></literalExpression></decision>
    """
}

func requirement(_ name: String) -> String {
    "<informationRequirement><requiredDecision href=\"#\(name)\"/></informationRequirement>"
}

func input(_ name: String, type: String = "") -> String {
    """
    <inputData id="\(name)" name="\(name)"><variable name="\(name)"\(type.isEmpty ? "" : " typeRef=\"\(type)\"")/></inputData>
    """
}

func inputRequirement(_ name: String) -> String {
    "<informationRequirement><requiredInput href=\"#\(name)\"/></informationRequirement>"
}

/// A decision `d` with a table of one input `x`.
func table(
    _ policy: String, rules: [(test: String, outputs: [String])], outputs: [String] = ["<output/>"],
    aggregation: String = ""
) -> String {
    let rows = rules.map { rule in
        "<rule><inputEntry><text>\(escaped(rule.test))</text></inputEntry>"
            + rule.outputs.map { "<outputEntry><text>\(escaped($0))</text></outputEntry>" }.joined() + "</rule>"
    }
    return input("x") + "<decision id=\"d\" name=\"d\"><variable name=\"d\"/>" + inputRequirement("x")
        + "<decisionTable hitPolicy=\"\(policy)\"\(aggregation.isEmpty ? "" : " aggregation=\"\(aggregation)\"")>"
        + "<input label=\"X\"><inputExpression><text>x</text></inputExpression></input>" + outputs.joined()
        + rows.joined() + "</decisionTable></decision>"
}

func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "<": result += "&lt;"
        case "&": result += "&amp;"
        default: result.append(character)
        }
    }
    return result
}

extension DecisionModel {
    /// The value as JSON.
    func value(of name: String, _ inputs: Value = [:]) throws -> Value {
        try result(of: name, inputs).json.decoded()
    }

    func result(
        of name: String, _ inputs: Value = [:], limits: EvaluationLimits = .standard
    ) throws -> DecisionResult {
        try evaluate(
            name, inputs: DecisionInput.members(of: inputs.json),
            options: DecisionOptions(
                now: Timestamp(millisecondsSinceEpoch: 1_769_860_800_000), zones: SystemZones(), limits: limits))
    }
}
