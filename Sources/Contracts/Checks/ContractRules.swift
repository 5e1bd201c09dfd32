import Expressions
import ProcessEngine
import Values

/// What tasks, calls and their boundary events say, against the contracts they name.
struct ContractRules {
    private let subject: CheckSubject
    private var definition: ProcessDefinition { subject.definition }

    init(_ subject: CheckSubject) {
        self.subject = subject
    }

    func findings() -> [Diagnostic] {
        guard let catalog = subject.catalog else { return [] }
        return definition.elements.flatMap { element -> [Diagnostic] in
            switch element {
            case let task as ServiceTask: check(task, catalog)
            case let call as CallActivity: check(call, catalog)
            case let end as ErrorEndEvent: check(end)
            default: []  // Other elements name no contract; the catalog of elements is open.
            }
        }
    }

    // MARK: Tasks

    private func check(_ task: ServiceTask, _ catalog: ContractCatalog) -> [Diagnostic] {
        guard let key = task.contract else { return [] }
        guard let contract = catalog.contract(key) else { return [unknown(key, at: task.id, catalog)] }
        var findings: [Diagnostic] = []
        if let minor = task.minor, minor > contract.version.minor {
            findings.append(
                subject.finding(
                    .unknownContract, at: task.id, "there is no version \(key).\(minor)",
                    "the newest is \(contract.reference)"))
        }
        if !task.inputs.isEmpty {
            findings += missing(
                in: task.inputs.compactMap(\.target.first), of: key, contract, at: task.id, catalog)
        }
        return findings + checkBoundary(of: task, contract)
    }

    private func unknown(_ key: ContractKey, at element: ElementID, _ catalog: ContractCatalog) -> Diagnostic {
        if let other = catalog.contract(named: key.name) {
            return subject.finding(
                .unknownContract, at: element, "there is no major version \(key.major) of \(key.name)",
                "the newest is \(other.reference)")
        }
        return subject.finding(
            .unknownContract, at: element, "there is no contract \(key.name)",
            Spelling.suggestion(for: key.name, among: catalog.names) ?? "add the contract, or correct the name")
    }

    /// Inputs that are given and not declared, or required and not given.
    private func missing(
        in given: [String], of key: ContractKey, _ contract: Contract, at element: ElementID,
        _ catalog: ContractCatalog, isFiltered: Bool = true
    ) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        let names = catalog.inputNames(of: key) ?? []
        // Who calls a process by its id passes what he likes.
        if isFiltered, catalog.takesOnlyDeclaredInputs(key) {
            for name in given where !names.contains(name) {
                findings.append(
                    subject.finding(
                        .unknownInput, at: element, "\(contract.reference) has no input \"\(name)\"",
                        Spelling.suggestion(for: name, among: names)))
            }
        }
        for name in catalog.requiredInputs(of: key) where !given.contains(name) {
            findings.append(
                subject.finding(
                    .missingInput, at: element, "the input \"\(name)\" of \(contract.reference) is not mapped",
                    "map it, or give it a default in the contract"))
        }
        return findings
    }

    private func checkBoundary(of task: ServiceTask, _ contract: Contract) -> [Diagnostic] {
        let codes = contract.errors.map(\.code) + task.errorDefinitions.map(\.code)
        var findings: [Diagnostic] = []
        for boundary in definition.boundaryEvents(of: task.id) {
            for code in ((boundary as? any CodeCatcher)?.errors ?? []).compactMap(\.code) where !codes.contains(code) {
                findings.append(
                    subject.finding(
                        .undeclaredError, at: boundary.id, "\(contract.reference) declares no error \"\(code)\"",
                        Spelling.suggestion(for: code, among: codes)
                            ?? "declare it in the contract, or catch what is declared"))
            }
            if let event = boundary as? TriggeredBoundaryEvent { findings += check(event, contract) }
        }
        return findings
    }

    /// A message on the boundary of a task may be an event of its contract, or come from elsewhere.
    private func check(_ boundary: TriggeredBoundaryEvent, _ contract: Contract) -> [Diagnostic] {
        boundary.triggers.compactMap { trigger -> Diagnostic? in
            guard case .message(let message) = trigger, let name = message.name.constantValue?.stringValue else {
                return nil
            }
            let names = contract.events.map(\.name)
            guard let event = contract.events.first(where: { $0.name == name }) else {
                guard let hint = Spelling.suggestion(for: name, among: names) else { return nil }
                return subject.finding(
                    .undeclaredEvent, at: boundary.id, "\(contract.reference) declares no event \"\(name)\"", hint)
            }
            guard let interrupting = event.interrupting, interrupting != boundary.isInterrupting else { return nil }
            return subject.finding(
                .eventMismatch, at: boundary.id,
                interrupting
                    ? "the event \"\(name)\" of \(contract.reference) ends the task, and this boundary event lets it go on"
                    : "the task goes on after the event \"\(name)\" of \(contract.reference), and this boundary event ends it",
                "set cancelActivity=\"\(interrupting)\"")
        }
    }

    // MARK: Workflows

    private func check(_ call: CallActivity, _ catalog: ContractCatalog) -> [Diagnostic] {
        if case .contract(let key) = call.target {
            guard let contract = catalog.contract(key) else { return [unknown(key, at: call.id, catalog)] }
            guard contract.kind == .workflow else {
                return [
                    subject.finding(
                        .unknownContract, at: call.id,
                        "a callActivity calls a workflow, and \(contract.reference) is a \(contract.kind) contract",
                        "make it a serviceTask, or name a workflow contract")
                ]
            }
        }
        if case .process(let name) = call.target, let process = name.constantValue?.stringValue,
            !subject.processes.contains(process), catalog.workflow(ofProcess: process) == nil
        {
            let known = subject.processes.sorted() + catalog.contracts.compactMap(\.process)
            return [
                subject.finding(
                    .unknownProcess, at: call.id, "there is no process \(process)",
                    Spelling.suggestion(for: process, among: known) ?? "add its model, or correct the name")
            ]
        }
        guard let contract = call.workflow(in: catalog) else { return [] }
        let findings = unknownOutputs(in: call, contract, catalog)
        // A scope of its own may hold what is passed.
        guard !call.inputs.passesAll,
            !call.inputs.entries.isEmpty || definition.mappings(of: call.id).inputs.isEmpty
        else { return findings }
        return findings
            + missing(
                in: call.inputs.entries.map(\.target), of: contract.key, contract, at: call.id, catalog,
                isFiltered: call.target.isContract)
    }

    /// What is passed back by the name of a contract is what that lists.
    private func unknownOutputs(in call: CallActivity, _ contract: Contract, _ catalog: ContractCatalog) -> [Diagnostic]
    {
        guard call.target.isContract, let schema = catalog.schemas(of: contract.key)?.output,
            schema.isClosedByListing, !schema.propertyNames.isEmpty
        else { return [] }
        let names = schema.propertyNames
        return call.outputs.entries.flatMap { entry in
            (entry.variable.map { [$0] } ?? entry.source.variablesRead).filter { !names.contains($0) }.map { name in
                subject.finding(
                    .unknownOutput, at: call.id,
                    "what is passed back as \"\(entry.target)\" is \"\(name)\", which is no output of \(contract.reference)",
                    Spelling.suggestion(for: name, among: names)
                        ?? "pass one of its outputs back: \(names.joined(separator: ", "))")
            }
        }
    }

    /// An error that leaves the process is one of the workflow contract's.
    private func check(_ end: ErrorEndEvent) -> [Diagnostic] {
        guard let workflow = subject.workflow, definition.parent(of: end.id) == nil, let code = end.code else {
            return []
        }
        let codes = workflow.errors.map(\.code)
        let isCaughtBeside = definition.eventSubprocesses(in: nil).contains { _, start in
            (start as? any CodeCatcher)?.match(of: code) != nil
        }
        guard !codes.contains(code), !isCaughtBeside else { return [] }
        return [
            subject.finding(
                .undeclaredError, at: end.id, "\(workflow.reference) declares no error \"\(code)\"",
                Spelling.suggestion(for: code, among: codes) ?? "declare it in the workflow contract")
        ]
    }
}
