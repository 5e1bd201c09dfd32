import ProcessEngine
import Testing
import Values

/// Correlation by the properties that BPMN itself has.
struct CorrelationPropertyTests {
    private static let properties = """
        <correlationProperty id="order"><correlationPropertyRetrievalExpression messageRef="M">
        <messagePath>orderId</messagePath></correlationPropertyRetrievalExpression></correlationProperty>
        <correlationProperty id="shop"><correlationPropertyRetrievalExpression messageRef="M">
        <messagePath>= from.shop</messagePath></correlationPropertyRetrievalExpression></correlationProperty>
        <collaboration id="col"><correlationKey id="key" name="by order">
        <correlationPropertyRef>order</correlationPropertyRef></correlationKey></collaboration>
        """
    private static let order = """
        <correlationPropertyBinding correlationPropertyRef="order"><dataPath>= order.id</dataPath>
        </correlationPropertyBinding>
        """
    private static let shop = """
        <correlationPropertyBinding correlationPropertyRef="shop"><dataPath>shop</dataPath></correlationPropertyBinding>
        """

    private static func model(_ bindings: String, _ body: String) -> String {
        let subscription =
            "<correlationSubscription id=\"sub\" correlationKeyRef=\"key\">\(bindings)</correlationSubscription>"
        return bpmn((bindings.isEmpty ? "" : subscription) + body, declarations: declared + properties)
    }

    private static let catching =
        "<startEvent id='s'/><intermediateCatchEvent id='c'>\(messageM)</intermediateCatchEvent>" + chain("s", "c")

    @Test(arguments: [(order, "7"), (order + shop, #"[7,"b"]"#)])
    func `an instance waits for messages that are about its data`(bindings: String, key: String) throws {
        var scenario = try Scenario(Self.model(bindings, Self.catching))
        try scenario.start([("order", #"{"id": 7}"#), ("shop", "\"b\"")])
        #expect(
            scenario.instance.openSubscriptions.map(\.kind)
                == [.message(name: "paid", key: try JSON(validating: key))])
    }

    @Test(arguments: [(order, "9"), (order + shop, #"[9,"b"]"#)])
    func `a message that is thrown says whom it is for by what is in it`(bindings: String, key: String) throws {
        let throwing = """
            <startEvent id="s"/><intermediateThrowEvent id="t"><messageEventDefinition messageRef="M"><extensionElements>
            <camunda:in source="mine" target="orderId"/><camunda:in source="from" target="from"/></extensionElements>
            </messageEventDefinition></intermediateThrowEvent>\(chain("s", "t"))
            """
        var scenario = try Scenario(Self.model(bindings, throwing))
        try scenario.start([("mine", "9"), ("orderId", "1"), ("from", #"{"shop": "b"}"#)])
        let keys = scenario.journal.compactMap { event -> String? in
            guard case .thrown(.message(let message)) = event else { return nil }
            return message.correlationKey?.text
        }
        #expect(keys == [key])
    }

    @Test func `data that is not there is an incident`() throws {
        let later = Self.catching.replacing(chain("s", "c"), with: user("u") + chain("s", "u", "c"))
        var scenario = try Scenario(Self.model(Self.order, later))
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.incidents == [.expressionFailed])
    }

    @Test func `a property that is not declared is refused, and a key that nobody subscribes to is told`() throws {
        let binding = Self.order.replacing("Ref=\"order\"", with: "Ref=\"ordr\"")
        #expect(problems(Self.model(binding, Self.catching)).map(\.code) == ["dangling-reference"])
        #expect(try definition(Self.model("", Self.catching)).warnings.map(\.code) == ["correlation-unused"])
        #expect(try definition(Self.model(Self.order, Self.catching)).warnings == [])
    }
}
