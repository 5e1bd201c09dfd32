package import Contracts
package import Decisions
package import Expressions
package import ProcessEngine
import Values

/// Decisions of a project's DMN files, evaluated for real.
package struct ProjectDecisions: DecisionMaker {
    let models: [DecisionModel]
    let catalog: ContractCatalog

    package init(models: [DecisionModel], catalog: ContractCatalog = ContractCatalog()) {
        self.models = models
        self.catalog = catalog
    }

    package func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<DecisionAnswer, DecisionFailure> {
        let name =
            switch reference.target {
            case .named(let name, _): name
            case .contract(let contract): catalog.contract(contract)?.decisionID ?? contract.name
            }
        guard let model = models.first(where: { $0.resultForm(of: name) != nil }) else {
            return .failure(DecisionFailure("there is no decision \(name) beside the test"))
        }
        do throws(DecisionFailure) {
            let value = try model.answer(name, title: name, as: reference.shape, with: variables)
            return .success(DecisionAnswer(decision: DecisionID(decision: name, version: 1), value: value))
        } catch {
            return .failure(error)
        }
    }
}
