import Decisions
import Expressions
import Testing
import Values
import XMLReader

/// What Camunda 7's engine does and the standard leaves open, or calls null.
struct CamundaModelTests {
    /// A model of Camunda's modeler.
    private func camunda(_ elements: String) throws -> DecisionModel {
        let text = """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
                xmlns:camunda="http://camunda.org/schema/1.0/dmn" namespace="http://camunda.org/schema/1.0/dmn">
            \(elements)
            </definitions>
            """
        return try DecisionModel.read([.init(try XMLReader.read(Array(text.utf8), file: "d.dmn"), name: "d.dmn")])
    }

    /// A decision `d` with a table of one input and one rule.
    private func table(
        of expression: String, type: String = "string", variable: String = "", test: String = "-",
        output: String = "\"x\"", outputType: String = "string", requires: String = ""
    ) -> String {
        """
        <decision id="d" name="d">\(requires)<decisionTable><input \(variable)><inputExpression typeRef="\(type)">
        <text>\(escaped(expression))</text></inputExpression></input><output name="o" typeRef="\(outputType)"/>
        <rule><inputEntry><text>\(escaped(test))</text></inputEntry>
        <outputEntry><text>\(escaped(output))</text></outputEntry></rule></decisionTable></decision>
        """
    }

    private func value(_ model: DecisionModel, _ variables: Value = [:]) throws -> Value {
        try result(model, variables).json.decoded()
    }

    /// As a business rule task evaluates it: nothing is declared, everything is a variable.
    private func result(_ model: DecisionModel, _ variables: Value) throws -> DecisionResult {
        let given = GivenVariables(
            variables.json, now: Timestamp(millisecondsSinceEpoch: 1_769_860_800_000), zones: FixedZones())
        return try model.evaluate(
            "d", inputs: [], options: DecisionOptions(now: given.now, zones: given.zones, variables: given))
    }

    // MARK: What is required, by the names of its outputs

    private static let season = """
        <decision id="s" name="Season decision"><decisionTable><input><inputExpression><text>temperature</text>
        </inputExpression></input><output name="season"/><output name="wear it"/>
        <rule><inputEntry><text>&gt; 30</text></inputEntry><outputEntry><text>"Summer"</text></outputEntry>
        <outputEntry><text>"shorts"</text></outputEntry></rule></decisionTable></decision>
        """

    @Test(arguments: [
        ("season", "\"Summer\""), ("wear it", "\"shorts\""), ("Season decision.season", "\"Summer\""),
        ("other", "null"),
    ])
    func `what is required is known by the names of its outputs`(expression: String, expected: String) throws {
        let model = try model(Self.season + decision("d", expression, requires: ["s"]))
        #expect(try result(model, ["temperature": 35]).json.text == expected)
    }

    @Test func `a required table without a result leaves its names to the variables`() throws {
        let model = try model(Self.season + decision("d", "season", requires: ["s"]))
        #expect(try value(model, ["temperature": 5, "season": "mine"]) == "mine")
        #expect(try value(model, ["temperature": 35, "season": "mine"]) == "Summer")
    }

    @Test func `of a table that collects, an output is the list of its values`() throws {
        let collecting = Self.season.replacing("<decisionTable>", with: "<decisionTable hitPolicy=\"COLLECT\">")
        let model = try model(collecting + decision("d", "season", requires: ["s"]))
        #expect(try value(model, ["temperature": 35]) == ["Summer"])
    }

    @Test func `names of decisions and of functions come before names of outputs`() throws {
        let named = Self.season.replacing("\"season\"", with: "\"sum\"").replacing("\"wear it\"", with: "\"s2\"")
        let model = try model(
            named + decision("s2", "7") + decision("d", "[s2, sum([1, 2])]", requires: ["s", "s2"]))
        #expect(try value(model, ["temperature": 35]) == [7, 3])
    }

    // MARK: What an input is called in its tests

    @Test(arguments: ["cellInput > 3", "my in > 3", "? > 3", "> 3", "[1, 5][item = cellInput] = [cellInput]"])
    func `the value of an input has a name in its tests`(test: String) throws {
        let model = try camunda(
            table(of: "a", type: "integer", variable: "camunda:inputVariable=\"my in\"", test: test))
        #expect(try value(model, ["a": 5]) == "x")
    }

    @Test func `a name that is bound inside of a test is not the input`() throws {
        let model = try camunda(
            table(of: "a", type: "integer", test: "(for cellInput in [5] return cellInput)[1] = ?"))
        #expect(try value(model, ["a": 5]) == "x")
        #expect(try value(model, ["a": 6]) == nil)
    }

    // MARK: Types

    @Test(
        arguments: [
            ("integer", "< 10", "5"), ("double", "5.5", "5.5"), ("string", "\"5\"", 5), ("string", "\"true\"", true),
            ("boolean", "true", "TRUE"), ("date", "< date(\"2020-01-01\")", "2019-01-01"),
            ("date", "< date and time(\"2020-01-01T00:00:00\")", "2019-01-01T00:00:00"),
            ("date", "date and time(\"2015-09-18T12:00:00\")", "2015-09-18T12:00:00"),
        ] as [(String, String, Value)])
    func `an input is converted to its type`(type: String, test: String, given: Value) throws {
        let model = try camunda(table(of: "a", type: type, test: test))
        #expect(try value(model, ["a": given]) == "x")
    }

    @Test func `a date there has a time`() throws {
        let model = try camunda(
            table(of: "date and time(a)", type: "date", test: "< date and time(\"2020-01-01T00:00:00\")"))
        #expect(try value(model, ["a": "2019-01-01T00:00:00"]) == "x")
    }

    @Test(arguments: [("integer", "\"7\"", "7"), ("string", "7", "\"7\""), ("boolean", "\"false\"", "false")])
    func `an output is converted to its type`(type: String, output: String, expected: String) throws {
        let model = try camunda(table(of: "a", output: output, outputType: type))
        #expect(try result(model, [:]).json.text == expected)
    }

    @Test(arguments: [("integer", "many"), ("boolean", "yes"), ("date", "tomorrow")])
    func `what cannot be converted is null with a diagnostic`(type: String, text: String) throws {
        let model = try camunda(table(of: "a", type: type, test: "null"))
        let result = try result(model, ["a": .string(text)])
        #expect(result.diagnostics.map(\.code) == ["type"])
    }

    @Test func `other models convert only what comes from JSON and is a date there`() throws {
        #expect(
            try value(try model(table(of: "a", type: "date", test: "< @\"2020-01-01\"")), ["a": "2019-01-01"]) == "x")
        let numbers = try result(try model(table(of: "a", type: "number", test: "5")), ["a": "5"])
        #expect(numbers.json == .null)
        #expect(numbers.diagnostics.map(\.code) == ["type"])
    }

    // MARK: Warnings

    @Test func `a function that there is not is told, with what may be meant`() throws {
        let model = try model(decision("d", "sting length(\"a\")"))
        #expect(model.problems.map(\.code) == ["unknown-function"])
        #expect(model.problems.map(\.severity) == [.warning])
        #expect(model.problems.first?.suggestion == "did you mean \"string length\"?")
        #expect(try value(model) == nil)
    }

    @Test func `an input that nothing declares is told where others are declared`() throws {
        let declared = input("amount") + table(of: "amuont", requires: inputRequirement("amount"))
        let problems = try model(declared).problems
        #expect(problems.map(\.code) == ["undeclared-input"])
        #expect(problems.map(\.element) == ["d"])
        #expect(problems.first?.suggestion == "did you mean \"amount\"?")
        #expect(try model(table(of: "amount")).problems.isEmpty)
        let required = Self.season + table(of: "season", requires: requirement("s"))
        #expect(try model(required).problems.isEmpty)
    }

    @Test func `what a history could not repeat is refused`() throws {
        let error = try #require(throws: Diagnostics.self) { try model(decision("d", "random number()")) }
        #expect(error.all.map(\.code) == ["unsupported-function"])
    }
}
