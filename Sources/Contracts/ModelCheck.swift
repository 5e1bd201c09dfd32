package import ProcessEngine
package import Values

/// Checks of a BPMN model against the contracts its service tasks name.
package enum ModelCheck {
    /// Findings with the element's id, in the order of the file. Errors: a contract that does not exist, inputs it does not have,
    /// required inputs that no mapping gives. Warnings: boundary errors it never reports.
    package static func check(_ definition: ProcessDefinition, against catalog: ContractCatalog) -> [Diagnostic] {
        definition.serviceTasks.flatMap { check($0, in: definition, against: catalog) }
    }

    private static func check(_ task: ServiceTask, in definition: ProcessDefinition, against catalog: ContractCatalog)
        -> [Diagnostic]
    {
        func finding(
            _ code: String, at element: ElementID, _ message: String, _ suggestion: String? = nil,
            severity: Diagnostic.Severity = .error
        ) -> Diagnostic {
            Diagnostic(
                severity: severity, code: code, file: definition.file,
                position: definition.position(of: element) ?? SourcePosition(line: 0, column: 0), element: element.text,
                message: message,
                suggestion: suggestion)
        }

        guard let contract = catalog.contract(task.contract) else {
            if let other = catalog.contract(named: task.contract.name) {
                return [
                    finding(
                        "unknown-contract", at: task.id,
                        "there is no major version \(task.contract.major) of \(task.contract.name)",
                        "the newest is \(other.reference)")
                ]
            }
            return [
                finding(
                    "unknown-contract", at: task.id, "there is no contract \(task.contract.name)",
                    Spelling.suggestion(for: task.contract.name, among: catalog.names))
            ]
        }
        var findings: [Diagnostic] = []
        let names = catalog.inputNames(of: task.contract) ?? []
        if !task.inputs.isEmpty {
            let given = task.inputs.compactMap(\.target.first)
            if catalog.takesOnlyDeclaredInputs(task.contract) {
                for name in given where !names.contains(name) {
                    findings.append(
                        finding(
                            "unknown-input", at: task.id, "\(contract.reference) has no input \"\(name)\"",
                            Spelling.suggestion(for: name, among: names)))
                }
            }
            for name in catalog.requiredInputs(of: task.contract) where !given.contains(name) {
                findings.append(
                    finding(
                        "missing-input", at: task.id, "the input \"\(name)\" of \(contract.reference) is not mapped"))
            }
        }
        let codes = contract.errors.map(\.code)
        for case let event as ErrorBoundaryEvent in definition.boundaryEvents(of: task.id) {
            guard let code = event.code, !codes.contains(code) else { continue }
            findings.append(
                finding(
                    "undeclared-error", at: event.id, "\(contract.reference) declares no error \"\(code)\"",
                    Spelling.suggestion(for: code, among: codes), severity: .warning))
        }
        return findings
    }
}
