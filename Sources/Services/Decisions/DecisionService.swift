import Contracts
package import Decisions
package import Expressions
package import ProcessEngine
package import Values

/// Decisions for those who ask from outside: what there is, and what it decides.
package struct DecisionService: Sendable {
    private let registry: DefinitionRegistry
    private let time: any TimeSource
    private let zones: any ZoneRules

    package init(registry: DefinitionRegistry, time: any TimeSource, zones: any ZoneRules = FixedZones()) {
        self.registry = registry
        self.time = time
        self.zones = zones
    }

    /// Every version, ordered by decision and version.
    package func versions() async throws -> [DeployedDecisions.Version] {
        try await registry.refresh()
        return await registry.decisions.all
    }

    /// The newest version of a decision, or a certain one. Throws `Rejection(.gone)` if there is none.
    package func version(of decision: String, _ number: Int? = nil) async throws -> DeployedDecisions.Version {
        try await registry.refresh()
        let decisions = await registry.decisions
        if let found = decisions.version(of: decision, number) { return found }
        guard let newest = decisions.version(of: decision) else {
            let names = Set(decisions.all.map(\.deployed.id.decision)).sorted()
            let hint = Spelling.suggestion(for: decision, among: names).map { "; \($0)" } ?? ""
            throw Rejection(.gone, "no decision \(decision) is deployed\(hint)")
        }
        throw Rejection(
            .gone, "\(decision) has no version \(number ?? 0); the newest is \(newest.deployed.id.version)")
    }

    package struct Evaluated: Sendable {
        package let version: DeployedDecisions.Version
        package let result: DecisionResult

        /// The outputs of each rule that matched; of other logic, one row with the value.
        package var rows: [[Variable]] {
            DecisionResultRows(result.json, version.form).rows.map { row in
                row.map { Variable(name: $0.name, value: $0.value) }
            }
        }
    }

    /// Evaluates a decision, with a trace of the rules that matched. What belongs to a contract has its input checked and
    /// completed first. Throws `Rejection`: gone, or invalid with every problem of the input or what ended the evaluation.
    package func evaluate(
        _ decision: String, version number: Int? = nil, input: JSON
    ) async throws -> Evaluated {
        let version = try await version(of: decision, number)
        var input = input
        if let name = version.deployed.contract,
            let contract = version.deployed.configVersion.flatMap({ ContractVersion($0) })
        {
            switch await registry.catalog.checkInput(input, of: name, .exactly(contract)) {
            case .success(let filled): input = filled
            case .failure(let violation):
                throw Rejection(
                    .invalid,
                    "the input does not fit \(name)@\(contract): " + violation.problems.joined(separator: "; "))
            }
        }
        do {
            let given = GivenVariables(input, now: time.now, zones: zones)
            let result = try version.model.evaluate(
                decision, inputs: DecisionInput.members(of: input),
                options: DecisionOptions(now: given.now, zones: zones, variables: given))
            return Evaluated(version: version, result: result)
        } catch {
            throw Rejection(
                .invalid,
                "\(version.deployed.id) cannot be evaluated: "
                    + error.all.map(\.message).joined(separator: "; "))
        }
    }
}
