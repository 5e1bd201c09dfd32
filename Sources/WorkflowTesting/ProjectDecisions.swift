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
        guard let model = models.first(where: { $0.resultForm(of: name) != nil }), let form = model.resultForm(of: name)
        else { return .failure(DecisionFailure("there is no decision \(name) beside the test")) }
        let inputs = model.inputNames.compactMap { name in
            variables.lookup(name).map { DecisionInput(name: name, value: Datum($0.decoded()), isText: true) }
        }
        do throws(Diagnostics) {
            let result = try model.evaluate(
                name, inputs: inputs, options: DecisionOptions(now: variables.now, zones: variables.zones))
            return shaped(result.json, form, as: reference.shape).map {
                DecisionAnswer(decision: DecisionID(decision: name, version: 1), value: $0)
            }
        } catch {
            return .failure(DecisionFailure("\(error)"))
        }
    }

    /// The value in the shape that the task asks for.
    private func shaped(
        _ value: JSON, _ form: DecisionModel.ResultForm, as shape: DecisionResultShape
    ) -> Result<JSON, DecisionFailure> {
        let rules = form.isList ? value.elements() ?? [] : value.isNull ? [] : [value]
        let isSingle = form.outputs.count == 1
        func row(_ rule: JSON) -> JSON { isSingle ? .object([(form.outputs[0], rule)]) : rule }
        func entry(_ rule: JSON) -> JSON { isSingle ? rule : rule.members()?.first?.value ?? .null }
        switch shape {
        case .asIs: return .success(value)
        case .resultList: return .success(.array(rules.map(row)))
        case .collectEntries: return .success(.array(rules.map(entry)))
        case .singleResult, .singleEntry:
            guard rules.count <= 1 else {
                return .failure(DecisionFailure("\(rules.count) rules matched, where the task takes the result of one"))
            }
            guard let only = rules.first else { return .success(.null) }
            return .success(shape == .singleEntry ? entry(only) : row(only))
        }
    }
}
