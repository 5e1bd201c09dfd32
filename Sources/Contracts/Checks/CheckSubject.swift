import ProcessEngine
import Values

/// One process, with what is known of the contracts around it: what every rule looks at.
struct CheckSubject {
    let definition: ProcessDefinition
    /// Nil: there are no contracts, and no rule about them applies.
    let catalog: ContractCatalog?
    /// The newest workflow contract that names the process.
    let workflow: Contract?
    /// The processes of all models that are checked together.
    let processes: Set<String>
    /// Whether one of them calls this process by its id, and passes what its contract does not declare.
    let isGivenMore: Bool
    /// Who throws what its events catch.
    let thrown: ThrownCodes
    /// Whether a call activity of one of them calls this process.
    private let isCalled: Bool

    init(_ definition: ProcessDefinition, among definitions: [ProcessDefinition], catalog: ContractCatalog?) {
        self.definition = definition
        self.catalog = catalog
        thrown = ThrownCodes(definition, catalog)
        workflow = catalog?.workflow(ofProcess: definition.process)
        processes = Set(definitions.map(\.process))
        let declared = workflow.flatMap { catalog?.inputNames(of: $0.key) } ?? []
        isCalled = definitions.contains { caller in
            caller.elements.contains { ($0 as? CallActivity)?.process(in: catalog) == definition.process }
        }
        isGivenMore = definitions.contains { caller in
            caller.elements.contains { element in
                guard let call = element as? CallActivity, !call.target.isContract,
                    call.process(in: catalog) == definition.process
                else { return false }
                return call.inputs.entries.contains { !declared.contains($0.target) }
            }
        }
    }

    /// Whether who calls the process may catch an error of this code: it is called, or its contract promises the error.
    func mayBeCaughtByCaller(_ code: String) -> Bool {
        isCalled || workflow?.errors.contains { $0.code == code } ?? false
    }

    func finding(_ rule: CheckRule, at element: ElementID?, _ message: String, _ suggestion: String? = nil)
        -> Diagnostic
    {
        Diagnostic(
            severity: rule.severity, code: rule.rawValue, file: definition.file,
            position: element.flatMap { definition.position(of: $0) } ?? flowPosition(element) ?? definition.position,
            element: element?.text ?? definition.process,
            elementName: element.map { definition.name(of: $0) } ?? definition.name, message: message,
            suggestion: suggestion)
    }

    private func flowPosition(_ element: ElementID?) -> SourcePosition? {
        guard let element, definition.element(element) == nil else { return nil }
        return definition.flows.first { $0.id == element }?.position
    }

    /// The element as people know it: `"Compute checksum"`, or its id.
    func title(of element: ElementID) -> String {
        guard let name = definition.name(of: element), !name.isEmpty else { return element.text }
        return "\"\(name.split(whereSeparator: \.isNewline).joined(separator: " "))\""
    }
}
