package import Contracts
package import Decisions
package import Expressions
package import ProcessEngine
package import Values

/// What lies beside a test file: the processes that can be run and called, the contracts, the decisions.
package struct TestProject: Sendable {
    package struct Model: Sendable {
        /// As the user names the file.
        package var file: String
        package var root: SourceNode
        package var definitions: [ProcessDefinition]

        package init(file: String, root: SourceNode, definitions: [ProcessDefinition]) {
            self.file = file
            self.root = root
            self.definitions = definitions
        }
    }

    package var models: [Model]
    package var catalog: ContractCatalog
    package var decisions: [DecisionModel]
    /// Of times in expressions.
    package var zones: any ZoneRules

    package init(
        models: [Model], catalog: ContractCatalog = ContractCatalog(), decisions: [DecisionModel] = [],
        zones: any ZoneRules = FixedZones()
    ) {
        self.zones = zones
        self.models = models
        self.catalog = catalog
        self.decisions = decisions
    }

    var definitions: [ProcessDefinition] { models.flatMap(\.definitions) }

    func definition(of process: String) -> ProcessDefinition? { definitions.last { $0.process == process } }

    /// The newest workflow contract that names the process.
    func workflow(of process: String) -> Contract? {
        catalog.contracts.filter { $0.kind == .workflow && $0.process == process }.max { $0.version < $1.version }
    }
}
