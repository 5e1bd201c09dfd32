package import ProcessEngine
package import Values

/// Checks of BPMN models: against the contracts they name, of the variables they read, of how their flows hang together.
///
/// No false alarms is the first rule of all rules: an error is what cannot work, a warning is what does not work on some path. What
/// cannot be decided, because variables come from outside or because a model is too large to follow, is not reported. Costs grow with the
/// size of a model, not with the number of its states.
package enum ModelCheck {
    /// Findings with element, name and place, in the order of the files.
    ///
    /// - Parameters:
    ///   - definitions: the processes that may call each other.
    ///   - others: processes that are there as well, and may call them and be called; nothing is said of these.
    ///   - catalog: all contracts there are; nil: models stand on their own, and rules about contracts are left out.
    package static func check(
        _ definitions: [ProcessDefinition], beside others: [ProcessDefinition] = [], against catalog: ContractCatalog?
    ) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for definition in definitions {
            let subject = CheckSubject(definition, among: definitions, catalog: catalog)
            findings += ContractRules(subject).findings()
            findings += DataFlowCheck(subject).run()
            findings += FlowCheck(subject).findings()
        }
        findings += RecursionCheck(definitions, beside: others).findings(catalog)
        return findings.inOrder
    }

    package static func check(_ definition: ProcessDefinition, against catalog: ContractCatalog) -> [Diagnostic] {
        check([definition], against: catalog)
    }
}

extension [ProcessDefinition] {
    /// Where each process begins.
    package var positions: [String: SourcePosition] {
        Dictionary(map { ($0.process, $0.position) }, uniquingKeysWith: { first, _ in first })
    }
}

extension [Diagnostic] {
    /// By file and place; what stands at one place stays in the order of its finding.
    package var inOrder: [Diagnostic] {
        enumerated().sorted { left, right in
            (left.element.file, left.element.position.line, left.element.position.column, left.offset)
                < (right.element.file, right.element.position.line, right.element.position.column, right.offset)
        }.map(\.element)
    }
}
