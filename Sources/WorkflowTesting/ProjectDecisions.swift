import Contracts
import Decisions
import Expressions
import ProcessEngine
import Values

/// Decisions of a project's DMN files, evaluated for real.
struct ProjectDecisions: DecisionMaker {
    let models: [DecisionModel]
    let catalog: ContractCatalog

    func decide(
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
