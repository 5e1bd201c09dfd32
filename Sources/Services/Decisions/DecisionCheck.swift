import Contracts
import Expressions
package import ProcessEngine
package import Values

/// Checks of a BPMN model against the decisions its business rule tasks name.
package enum DecisionCheck {
    /// Errors: decisions that do not exist. What an expression names is known only when it runs.
    package static func check(_ definition: ProcessDefinition, against decisions: Set<String>) -> [Diagnostic] {
        definition.elements.compactMap { element in
            guard let task = element as? BusinessRuleTask, let name = task.decision.constantValue?.stringValue,
                !decisions.contains(name)
            else { return nil }
            return Diagnostic(
                code: "unknown-decision", file: definition.file,
                position: definition.position(of: task.id) ?? SourcePosition(line: 0, column: 0),
                element: task.id.text, message: "there is no decision \(name)",
                suggestion: Spelling.suggestion(for: name, among: decisions.sorted())
                    ?? "push the DMN file that has it")
        }
    }
}
