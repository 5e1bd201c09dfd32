import Expressions
import Values

/// The codes of errors and escalations.
extension DefinitionReader {
    /// What a throwing event throws: FEEL after `=`, as in Camunda 8; all else is the code itself.
    mutating func codeExpression(_ code: String, _ node: SourceNode, of element: ElementID) -> Expression? {
        code.first == "=" ? valueExpression(code, node: node, element: element) : .constant(.string(code))
    }

    /// Who catches needs the code itself. One in JUEL is taken as it stands, at both ends: Camunda 7 evaluates none.
    mutating func checkCode(
        _ code: String, _ node: SourceNode, of element: ElementID, _ what: String, isThrown: Bool
    ) {
        if code.first == "=", !isThrown {
            reportUnsupported(
                node, element: element, "an expression as the code of \(what) to catch (\(code))",
                "write the code itself; or catch every code, and ask for it (camunda:…CodeVariable) after")
        } else if code.contains("${") || code.contains("#{") {
            warn(
                "code-not-evaluated", node, element: element,
                "the code \"\(code)\" of \(what) is taken as it stands, as in Camunda 7",
                "write FEEL after = where it is thrown, and the code itself where it is caught")
        }
    }
}
