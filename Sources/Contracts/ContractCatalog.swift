package import ProcessEngine
package import Values

/// Contracts with their schemas compiled, for the engine, for starts and for checks. Immutable: a change makes a new catalog.
package struct ContractCatalog: Sendable {
    /// A class: it is large, and every task asks it several times.
    private final class Entry: Sendable {
        let contract: Contract
        let input: JSONSchema
        let output: JSONSchema
        let inputNames: [String]
        let outputNames: [String]
        /// Whether inputs that are not declared are a mistake.
        let isClosed: Bool

        init(_ contract: Contract) throws(SchemaProblems) {
            self.contract = contract
            input = try JSONSchema(contract.input.decoded())
            output = try JSONSchema(contract.output.decoded())
            inputNames = input.propertyNames
            outputNames = output.propertyNames
            isClosed = input.listsItsProperties
        }
    }

    /// By name, oldest version first.
    private var entries: [String: [Entry]] = [:]

    /// Nothing is deployed.
    package init() {}

    /// Compiles all schemas. Of contracts with the same name and version the last counts.
    package init(_ contracts: [Contract]) throws(Diagnostics) {
        var problems: [Diagnostic] = []
        for contract in contracts {
            do {
                let entry = try Entry(contract)
                entries[contract.name, default: []].removeAll { $0.contract.version == contract.version }
                entries[contract.name, default: []].append(entry)
            } catch {
                problems += error.all.map { problem in
                    Diagnostic(
                        code: "invalid-schema", element: JSONPointer.dotted(problem.path),
                        message: "a schema of \(contract.reference) does not compile: \(problem.message)")
                }
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        entries = entries.mapValues { versions in versions.sorted { $0.contract.version < $1.contract.version } }
    }

    /// The names of all contracts, sorted.
    package var names: [String] { entries.keys.sorted() }

    /// Every contract, ordered by name and version.
    package var contracts: [Contract] { names.flatMap { entries[$0]?.map(\.contract) ?? [] } }

    /// The contract somebody asks for; nil if there is none.
    package func contract(named name: String, _ wanted: Contract.Wanted = .latest) -> Contract? {
        entry(named: name, wanted)?.contract
    }

    /// The newest minor of a major.
    package func contract(_ key: ContractKey) -> Contract? {
        contract(named: key.name, .newest(ofMajor: key.major))
    }

    /// The newest workflow contract that names the BPMN process.
    package func workflow(ofProcess process: String) -> Contract? {
        contracts.last { $0.kind == .workflow && $0.process == process }
    }

    /// The schemas of a contract, compiled.
    func schemas(of key: ContractKey) -> (input: JSONSchema, output: JSONSchema)? {
        entry(key).map { ($0.input, $0.output) }
    }

    private func entry(named name: String, _ wanted: Contract.Wanted) -> Entry? {
        let versions = entries[name] ?? []
        switch wanted {
        case .latest: return versions.last
        case .newest(let major): return versions.last { $0.contract.version.major == major }
        case .exactly(let version): return versions.first { $0.contract.version == version }
        }
    }

    private func entry(_ key: ContractKey) -> Entry? { entry(named: key.name, .newest(ofMajor: key.major)) }

    /// The input with the contract's defaults, or everything wrong with it. An exact version may be asked for, for starts.
    package func checkInput(_ input: JSON, of name: String, _ wanted: Contract.Wanted) -> Result<
        JSON, ContractViolation
    > {
        guard let entry = entry(named: name, wanted) else {
            return .failure(ContractViolation(["there is no contract \(name)"]))
        }
        return checkInput(input, of: entry)
    }

    /// The input of a task among the variables that an engine without contracts gives along, all that the task sees: as for a task
    /// without mappings, what is not declared stays behind, unless the contract takes anything.
    package func checkInput(among variables: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        guard let entry = entry(contract) else { return .success(variables) }
        guard takesOnlyDeclaredInputs(contract), let members = variables.members() else {
            return checkInput(variables, of: entry)
        }
        return checkInput(.object(members.filter { entry.inputNames.contains($0.name) }), of: entry)
    }

    private func checkInput(_ input: JSON, of entry: Entry) -> Result<JSON, ContractViolation> {
        guard let members = input.members() else {
            return .failure(ContractViolation(["the input must be an object, not \(input.decoded().kindName)"]))
        }
        var problems: [String] = []
        if entry.isClosed {
            for (name, _) in members where !entry.inputNames.contains(name) {
                let hint = Spelling.suggestion(for: name, among: entry.inputNames).map { "; \($0)" } ?? ""
                problems.append("\(entry.contract.reference) has no input \(Value.string(name).brief)\(hint)")
                if problems.count >= JSONSchema.violationLimit { break }
            }
        }
        let filled = entry.input.applyingDefaults(to: input)
        problems += entry.input.validate(filled).map { $0.sentence(about: "input") }
        return problems.isEmpty ? .success(filled) : .failure(ContractViolation(problems))
    }

    /// Whether an input that the contract does not declare is a mistake; false if it is not deployed.
    package func takesOnlyDeclaredInputs(_ contract: ContractKey) -> Bool {
        guard let entry = entry(contract) else { return false }
        return entry.isClosed || entry.input.source["additionalProperties"] == .bool(false)
    }

    /// The inputs that must be given, since they are required and have no default.
    package func requiredInputs(of contract: ContractKey) -> [String] {
        guard let entry = entry(contract) else { return [] }
        let filled = entry.input.applyingDefaults(to: .emptyObject)
        return entry.input.requiredNames.filter { filled[$0] == nil }
    }

    /// Checks the payload of an event that an attempt reports; an event not declared, or without a schema, may carry anything.
    package func checkEvent(_ payload: JSON, named name: String, of key: ContractKey) -> Result<JSON, ContractViolation>
    {
        guard let event = entry(key)?.contract.events.first(where: { $0.name == name }), let source = event.payload,
            let schema = try? JSONSchema(source.decoded())
        else { return .success(payload) }
        let problems = schema.validate(payload).map { $0.sentence(about: "payload") }
        return problems.isEmpty ? .success(payload) : .failure(ContractViolation(problems))
    }
}

/// A contract that is not deployed promises nothing, so that nothing can break it: a bare topic, served to REST workers. That what
/// the config store has is complete is checked before it is stored.
extension ContractCatalog: TaskContracts {
    package func policy(of contract: ContractKey) -> TaskPolicy? { entry(contract)?.contract.policy }

    package func inputNames(of contract: ContractKey) -> [String]? { entry(contract)?.inputNames }

    package func outputNames(of contract: ContractKey) -> [String]? { entry(contract)?.outputNames }

    package func performer(of contract: ContractKey) -> ContractPerformer {
        guard let entry = entry(contract) else { return .agent }
        switch entry.contract.kind {
        case .task: return .agent
        case .workflow: return .workflow(process: entry.contract.process ?? entry.contract.name)
        case .decision: return .decision
        }
    }

    package func errorCodes(of contract: ContractKey) -> [String]? { entry(contract)?.contract.errors.map(\.code) }

    package func checkInput(_ input: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        entry(contract).map { checkInput(input, of: $0) } ?? .success(input)
    }

    package func checkOutput(_ output: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        guard let entry = entry(contract) else { return .success(output) }
        let problems = entry.output.validate(output).map { $0.sentence(about: "output") }
        return problems.isEmpty ? .success(output) : .failure(ContractViolation(problems))
    }
}
