import Decisions
import Expressions
import Testing
import Values

struct DecisionModelTests {
    @Test func `decisions see what they require, each evaluated once`() throws {
        let model = try model(
            decision("a", "1") + decision("b", "a + 1", requires: ["a"]) + decision("c", "a + b", requires: ["a", "b"]))
        let result = try model.result(of: "c")
        #expect(result.json.text == "3")
        #expect(result.trace.map(\.name) == ["a", "b", "c"])
    }

    @Test func `what is not required cannot be seen`() throws {
        let model = try model(decision("a", "1") + decision("b", "a"))
        #expect(try model.value(of: "b") == .null)
    }

    @Test func `a chain of ten thousand decisions needs no stack`() throws {
        let chain = (1...10_000).map { decision("n\($0)", "n\($0 - 1) + 1", requires: ["n\($0 - 1)"]) }
        let model = try model(decision("n0", "0") + chain.joined())
        #expect(try model.value(of: "n10000") == 10_000)
    }

    @Test func `a cycle is refused by name`() throws {
        let cyclic =
            decision("a", "c", requires: ["c"]) + decision("b", "a", requires: ["a"])
            + decision("c", "b", requires: ["b"])
        let error = try #require(throws: Diagnostics.self) { try model(cyclic) }
        #expect(error.all[0].code == "cyclic-requirements")
        #expect(error.all[0].message == "the requirements form a cycle: a -> c -> b -> a")
        #expect(error.all[0].position.line == 2)
    }

    @Test func `everything that is wrong is reported, with line and element`() throws {
        let wrong = decision("a", "1 +") + "\n" + decision("b", "x", requires: ["nobody"])
        let error = try #require(throws: Diagnostics.self) { try model(wrong) }
        #expect(error.all.map(\.code) == ["unknown-reference", "expression"])
        #expect(error.all.map(\.position.line) == [5, 3])
        #expect(error.all.map(\.element) == ["b", "a"])
    }

    @Test(arguments: [("5", "5"), ("\"2026-01-31\"", "null"), ("[7]", "7"), ("[7, 8]", "null"), ("null", "null")])
    func `results are converted to the type of their decision`(text: String, expected: String) throws {
        let model = try model(decision("a", text, type: "number"))
        #expect(try model.value(of: "a").json.text == expected)
    }

    @Test func `inputs of JSON become temporal values where the model says so`() throws {
        let model = try model(
            input("day", type: "date") + "<decision id=\"d\" name=\"d\"><variable name=\"d\"/>"
                + inputRequirement("day")
                + "<literalExpression><text>day + duration(\"P1D\")</text></literalExpression></decision>")
        #expect(try model.value(of: "d", ["day": "2026-01-31"]) == "2026-02-01")
    }

    @Test func `a value that is not allowed is null with a diagnostic`() throws {
        let grade = """
            <itemDefinition name="grade"><typeRef>string</typeRef>
            <allowedValues><text>"A", "B"</text></allowedValues></itemDefinition>
            """
        let model = try model(
            grade + input("x", type: "grade") + "<decision id=\"d\" name=\"d\">" + inputRequirement("x")
                + "<literalExpression><text>x</text></literalExpression></decision>")
        #expect(try model.value(of: "d", ["x": "A"]) == "A")
        let result = try model.result(of: "d", ["x": "Z"])
        #expect(result.json == .null)
        #expect(result.diagnostics.map(\.code) == ["type"])
    }

    @Test func `imports are named by their import, or not at all`() throws {
        let lent =
            decision("answer to all", "42") + "<itemDefinition name=\"t\"><typeRef>number</typeRef></itemDefinition>"
        func importing(_ name: String, _ text: String) throws -> DecisionModel {
            try DecisionModel.read([
                try file(
                    """
                    <import namespace="urn:lent" name="\(name)" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>
                    <decision id="d" name="d"><variable name="d" typeRef="\(name.isEmpty ? "t" : name + ".t")"/>
                    <informationRequirement><requiredDecision href="urn:lent#answer to all"/></informationRequirement>
                    <literalExpression><text>\(text)</text></literalExpression></decision>
                    """), try file(lent, namespace: "urn:lent", name: "lent"),
            ])
        }
        #expect(try importing("other", "other.answer to all + 1").value(of: "d") == 43)
        #expect(try importing("", "answer to all + 1").value(of: "d") == 43)
    }

    @Test func `an import without its file is refused`() throws {
        let text = """
            <import namespace="urn:lent" name="o" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>
            """
        let error = try #require(throws: Diagnostics.self) { try model(text) }
        #expect(error.all.map(\.code) == ["unknown-import"])
    }

    @Test func `host languages are refused by name`() throws {
        let java = """
            <businessKnowledgeModel id="k" name="k"><variable name="k"/><encapsulatedLogic kind="Java">
            <literalExpression><text>{class: "java.lang.Math"}</text></literalExpression></encapsulatedLogic>
            </businessKnowledgeModel>
            """
        let boxed = try #require(throws: Diagnostics.self) { try model(java) }
        #expect(boxed.all.map(\.message) == ["Java functions are not supported"])
        let text = decision("d", "{f: function(a) external {java: {class: \"C\"}}, r: f(1)}.r")
        let inText = try #require(throws: Diagnostics.self) { try model(text) }
        #expect(inText.all.map(\.code) == ["unsupported-function"])
    }

    @Test func `JUEL is another language of expressions`() throws {
        let model = try model(
            """
            <decision id="d" name="d"><variable name="d"/><literalExpression expressionLanguage="juel">
            <text>${1 + 2}</text></literalExpression></decision>
            """)
        #expect(try model.value(of: "d") == 3)
    }

    @Test(arguments: [(5, "\"small\""), (50, "null")])
    func `tests of a table may be JUEL, as Camunda has them`(x: Int, expected: String) throws {
        let model = try model(
            input("x") + "<decision id=\"d\" name=\"d\">" + inputRequirement("x")
                + """
                <decisionTable><input><inputExpression><text>x</text></inputExpression></input><output/>
                <rule><inputEntry expressionLanguage="juel"><text>${cellInput &lt; 10}</text></inputEntry>
                <outputEntry><text>"small"</text></outputEntry></rule></decisionTable></decision>
                """)
        #expect(try model.value(of: "d", ["x": .number(Decimal128(x))]).json.text == expected)
    }

    @Test func `knowledge without logic is refused`() throws {
        let error = try #require(throws: Diagnostics.self) {
            try model("<businessKnowledgeModel id=\"k\" name=\"k\"><variable name=\"k\"/></businessKnowledgeModel>")
        }
        #expect(error.all.map(\.code) == ["no-logic"])
    }

    @Test func `a service is called with its inputs, then its decisions`() throws {
        let model = try model(
            input("a") + decision("b", "2")
                + """
                <decision id="c" name="c">\(inputRequirement("a"))\(requirement("b"))
                <literalExpression><text>[a, b]</text></literalExpression></decision>
                <decisionService id="s" name="s"><variable name="s"/><outputDecision href="#c"/>
                <inputDecision href="#b"/><inputData href="#a"/></decisionService>
                <decision id="d" name="d"><knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>
                <literalExpression><text>s(10, 20)</text></literalExpression></decision>
                """)
        #expect(try model.value(of: "d") == [10, 20])
        #expect(try model.value(of: "s", ["b": 7]) == [nil, 7])
        #expect(try model.value(of: "c", ["a": 1]) == [1, 2])
    }

    @Test func `zones by name keep their rules`() throws {
        let model = try model(
            decision("later", "@\"2026-03-28T12:00:00@Europe/Paris\" + duration(\"P1D\")")
                + decision(
                    "far",
                    "@\"2026-07-01T12:00:00@Europe/Paris\" - date and time(\"2026-07-01T12:00:00@America/New_York\")")
                + decision("none", "date and time(\"2026-07-01T12:00:00@Nowhere/Land\")"))
        // A day is 24 hours, and the night between had 23.
        #expect(try model.value(of: "later") == "2026-03-29T13:00:00@Europe/Paris")
        #expect(try model.value(of: "far") == "-PT6H")
        #expect(try model.value(of: "none") == .null)
    }

    @Test func `knowledge calls itself, as deep as the limits allow`() throws {
        func model(_ text: String) throws -> DecisionModel {
            try DecisionModel.read([
                try file(
                    """
                    <businessKnowledgeModel id="f" name="f"><variable name="f"/><encapsulatedLogic>
                    <formalParameter name="n"/><literalExpression><text>\(text)</text></literalExpression>
                    </encapsulatedLogic></businessKnowledgeModel>
                    <decision id="d" name="d"><knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement>
                    <literalExpression><text>f(10)</text></literalExpression></decision>
                    """)
            ])
        }
        #expect(try model("if n = 0 then 1 else n * f(n - 1)").value(of: "d") == 3_628_800)
        let endless = try model("f(n)")
        let error = try #require(throws: Diagnostics.self) { try endless.result(of: "d") }
        #expect(error.all.map(\.code) == ["evaluation-limit"])
        #expect(error.all[0].element == "f" && error.all[0].position.line == 3)
    }

    @Test func `work without end is an error of the whole evaluation`() throws {
        let model = try model(
            decision("a", "for x in 1..1000, y in 1..1000 return x") + decision("b", "count(a)", requires: ["a"]))
        let error = try #require(throws: Diagnostics.self) {
            try model.result(of: "b", limits: EvaluationLimits(maxSteps: 10_000))
        }
        #expect(error.all.map(\.code) == ["evaluation-limit"])
    }

    @Test func `what is no DMN is refused`() throws {
        let node = SourceNode(name: "definitions", namespace: "http://www.omg.org/spec/BPMN/20100524/MODEL")
        let error = try #require(throws: Diagnostics.self) { try DecisionModel.read([.init(node, name: "a.bpmn")]) }
        #expect(error.all.map(\.code) == ["not-a-decision-model"])
    }
}
