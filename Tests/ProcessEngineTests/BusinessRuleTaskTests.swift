import Expressions
import ProcessEngine
import Testing
import Values

/// Answers with the name of the decision and what it saw.
private struct EchoDecisions: DecisionMaker {
    func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<DecisionAnswer, DecisionFailure> {
        guard let input = variables.lookup("input") else { return .failure(DecisionFailure("no input")) }
        let target: String
        switch reference.target {
        case .named(let name, let binding): target = binding == .latest ? name : "\(name) \(binding)"
        case .contract(let contract): target = contract.description
        }
        return .success(
            DecisionAnswer(
                decision: DecisionID(decision: target, version: 3),
                value: .array([.string(target), .string(reference.shape.rawValue), input])))
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

    @Test(arguments: [
        ("camunda:decisionRefBinding='deployment'", "price deployment"),
        ("camunda:decisionRefBinding='version' camunda:decisionRefVersion='7'", "price version(7)"),
        ("camunda:decisionRefBinding='version' camunda:decisionRefVersion='${input}'", "price version(7)"),
        ("camunda:decisionRefBinding='versionTag' camunda:decisionRefVersionTag='b'", "price versionTag(\"b\")"),
    ])
    func `asks for the version that its binding says`(attributes: String, expected: String) throws {
        let scenario = try decide(
            "<businessRuleTask id='t' camunda:decisionRef='price' camunda:resultVariable='r' \(attributes)/>",
            [("input", "7")])
        #expect(scenario.root("r").flatMap { try? json($0).elements()?.first?.stringValue } == expected)
    }

    @Test func `a version that is no number is refused`() throws {
        let text = bpmn(
            "<startEvent id='s'/><businessRuleTask id='t' camunda:decisionRef='d' camunda:decisionRefBinding='version' camunda:decisionRefVersion='new'/>"
                + chain("s", "t"))
        let problems = #expect(throws: Diagnostics.self) { try definition(text) }
        #expect(problems?.all.map(\.code) == ["invalid-binding"])
    }

    @Test func `the version that answered is in the journal`() throws {
        let scenario = try decide("<businessRuleTask id='t' camunda:decisionRef='price'/>", [("input", "7")])
        let versions = scenario.journal.compactMap { event in
            if case .decisionEvaluated(_, _, let version, _) = event { version } else { nil }
        }
        #expect(versions == [3])
    }

    @Test func `a decision contract is evaluated on its input alone, and its result mapped`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/>\(user("u"))<businessRuleTask id='t' waybill:contract='shop.price@2'/>\(chain("s", "u", "t"))"
            ))
        let price = ContractKey(name: "shop.price", major: 2)
        scenario.contracts.performers[price] = .decision
        scenario.contracts.inputs[price] = ["input"]
        scenario.contracts.outputs[price] = ["price"]
        scenario.decisions = EchoDecisions()
        try scenario.start([("input", "7"), ("other", "8")])
        try scenario.finish("u")
        #expect(scenario.root("price") == "[\"shop.price@2\",\"asIs\",7]")
    }
}
