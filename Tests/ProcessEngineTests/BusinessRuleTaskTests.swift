import Expressions
import ProcessEngine
import Testing
import Values

/// Answers with the name of the decision and what it saw.
private struct EchoDecisions: DecisionMaker {
    func decide(_ reference: DecisionReference, with variables: any VariableScope) -> Result<JSON, DecisionFailure> {
        guard let input = variables.lookup("input") else { return .failure(DecisionFailure("no input")) }
        return .success(.array([.string(reference.name), .string(reference.shape.rawValue), input]))
    }
}

struct BusinessRuleTaskTests {
    private func decide(_ task: String, _ variables: [(String, String)]) throws -> Scenario {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u"))\(task)\(chain("s", "u", "t"))"))
        scenario.decisions = EchoDecisions()
        try scenario.start(variables)
        try scenario.finish("u")
        return scenario
    }

    @Test(arguments: [
        (
            "<businessRuleTask id='t' camunda:decisionRef='price' camunda:mapDecisionResult='singleEntry' camunda:resultVariable='r'/>",
            "singleEntry"
        ),
        ("<businessRuleTask id='t' camunda:decisionRef='${\"pri\"}ce' camunda:resultVariable='r'/>", "resultList"),
        (
            "<businessRuleTask id='t'><extensionElements><zeebe:calledDecision decisionId='price' resultVariable='r'/></extensionElements></businessRuleTask>",
            "asIs"
        ),
    ])
    func `has the decision made and keeps the result`(task: String, shape: String) throws {
        let scenario = try decide(task, [("input", "7")])
        #expect(scenario.root("r") == "[\"price\",\"\(shape)\",7]")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a decision that fails is an incident`() throws {
        let scenario = try decide("<businessRuleTask id='t' camunda:decisionRef='price'/>", [])
        #expect(scenario.incidents == [.decisionFailed])
    }
}
