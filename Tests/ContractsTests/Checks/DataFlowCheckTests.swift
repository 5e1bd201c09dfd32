import Contracts
import ProcessEngine
import Testing
import Values

/// What the check finds about variables. The workflow takes `order` (required) and `note` (not), and nothing else; `do.work` takes
/// `path` and gives `result`, and perhaps `extra`.
@Suite struct DataFlowCheckTests {
    private static func contracts(_ output: String = "") throws -> [Contract] {
        [
            try Sample.workflow(
                "w", "1.0", process: "p",
                """
                input:
                  type: object
                  required: [order]
                  properties:
                    order: {type: object, properties: {id: {type: string}, count: {type: integer}}, additionalProperties: false}
                    note: {type: string}
                    flag: {type: boolean, default: false}
                \(output)
                """),
            try Sample.task(
                "do.work", "1.0",
                """
                input: {type: object, required: [path], properties: {path: {type: string}, size: {type: integer}, mode: {enum: [a, b]}}}
                output: {type: object, required: [result], properties: {result: {type: string}, extra: {type: number}}}
                errors: [{code: BAD}]
                events: [{name: warning, interrupting: false}]
                """),
        ]
    }

    private static func work(_ id: String, _ mapping: String = "", input: String = "= order.id") -> String {
        """
        <serviceTask id="\(id)" waybill:contract="do.work@1"><extensionElements>
          <waybill:input name="path" value="\(input)"/>\(mapping)</extensionElements></serviceTask>
        """
    }

    private static func output(_ name: String, _ value: String) -> String {
        "<waybill:output name=\"\(name)\" value=\"\(value)\"/>"
    }

    private static func model(_ parts: String..., nodes: String, flows: String...) -> String {
        parts.joined() + CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined()
    }

    private func codes(_ model: String, head: String = "", output: String = "") throws -> [String] {
        try CheckedModel.codes(model, head: head, contracts: Self.contracts(output))
    }

    private func findings(_ model: String) throws -> [String] {
        try CheckedModel.findings(model, contracts: Self.contracts())
    }

    // MARK: Clean

    @Test(arguments: [
        // Inputs, defaults and outputs.
        model(work("a"), work("b", input: "= result"), nodes: "start:s end:e", flows: "s>a", "a>b", "b>e"),
        model(work("a"), nodes: "start:s xor:x end:e end:f", flows: "s>x", "x>a: = flag", "x>f: = not(flag)", "a>e"),
        // Output mappings see the task's output, its input and the variables around it.
        model(
            work("a", output("x", "= result + path + order.id")), work("b", input: "= x"), nodes: "start:s end:e",
            flows: "s>a", "a>b", "b>e"),
        // A variable that is asked for may be missing.
        model(
            work("a", input: "= if note = null then order.id else note"), nodes: "start:s end:e", flows: "s>a", "a>e"),
        // Defined on both ways.
        model(
            work("a"), work("b"), work("c", input: "= result"), nodes: "start:s xor:x xor:y end:e", flows: "s>x",
            "x>a: = flag", "x>b: = not(flag)", "a>y", "b>y", "y>c", "c>e"),
        // Defined on one of two parallel ways, after the join.
        model(
            work("a"), work("c", input: "= result"), nodes: "start:s and:f user:u and:j end:e", flows: "s>f", "f>a",
            "f>u", "a>j", "u>j", "j>c", "c>e"),
        // People give what they like.
        model(work("a", input: "= comment"), nodes: "start:s user:u end:e", flows: "s>u", "u>a", "a>e"),
        // Around a loop.
        model(
            work("a"), work("b", input: "= result"), nodes: "start:s xor:m xor:x end:e", flows: "s>m", "m>a", "a>x",
            "x>m: = flag", "x>b: = not(flag)", "b>e"),
    ])
    func `a model whose variables are there is clean`(model: String) throws {
        #expect(try findings(model) == [])
    }

    @Test func `variables of a subprocess go on, its own do not`() throws {
        func model(_ read: String) -> String {
            """
            <subProcess id="sub"><extensionElements><waybill:input name="own" value="= order.id"/></extensionElements>
            \(Self.model(Self.work("a", input: "= own"), nodes: "start:is end:ie", flows: "is>a", "a>ie"))</subProcess>
            """ + Self.model(Self.work("b", input: "= \(read)"), nodes: "start:s end:e", flows: "s>sub", "sub>b", "b>e")
        }
        #expect(try findings(model("result")) == [])
        #expect(try codes(model("own")) == ["undefined-variable b"])
    }

    @Test func `runs of a loop see its variables, and may not happen at all`() throws {
        func model(_ inside: String, _ after: String) -> String {
            """
            <serviceTask id="a" waybill:contract="do.work@1"><extensionElements><waybill:input name="path" value="= \(inside)"/></extensionElements>
            <multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item"/></serviceTask>
            <scriptTask id="t" scriptFormat="feel" camunda:resultVariable="items"><script>[order.id]</script></scriptTask>
            """
                + Self.model(
                    Self.work("b", input: "= \(after)"), nodes: "start:s end:e", flows: "s>t", "t>a", "a>b", "b>e")
        }
        #expect(try findings(model("item + string(loopCounter)", "order.id")) == [])
        #expect(try codes(model("item", "item")) == ["undefined-variable b"])
        #expect(try codes(model("item", "result")) == ["maybe-undefined b"])
    }

    // MARK: Not there

    @Test func `what nothing defines is an error`() throws {
        let model = Self.model(Self.work("a", input: "= ordr.id"), nodes: "start:s end:e", flows: "s>a", "a>e")
        let found = ModelCheck.check(
            try CheckedModel.definitions(model), against: try ContractCatalog(Self.contracts()))
        #expect(found.map(\.message) == [#"the input "path" reads "ordr", which nothing defines"#])
        #expect(found.first?.suggestion == #"did you mean "order"?"#)
    }

    @Test func `what is defined only later is an error`() throws {
        let model = Self.model(
            Self.work("a", input: "= result"), Self.work("b"), nodes: "start:s end:e", flows: "s>a", "a>b", "b>e")
        #expect(try codes(model) == ["undefined-variable a"])
    }

    @Test func `what one of two ways defines is a warning`() throws {
        let model = Self.model(
            Self.work("a"), Self.work("c", input: "= result"), nodes: "start:s xor:x xor:y end:e", flows: "s>x",
            "x>a: = flag", "x>y: = not(flag)", "a>y", "y>c", "c>e")
        #expect(
            try findings(model) == [
                #"[maybe-undefined] c: the input "path" reads "result", which is not defined on every path to c"#
            ])
    }

    @Test func `what runs beside may not have run`() throws {
        let model = Self.model(
            Self.work("a"), Self.work("b", input: "= result"), nodes: "start:s and:f and:j end:e", flows: "s>f", "f>a",
            "f>b", "a>j", "b>j", "j>e")
        #expect(try codes(model) == ["maybe-undefined b"])
    }

    @Test func `an input that need not be given is a warning`() throws {
        let model = Self.model(Self.work("a", input: "= note"), nodes: "start:s end:e", flows: "s>a", "a>e")
        #expect(try codes(model) == ["maybe-undefined a"])
    }

    @Test func `a boundary event comes before the output of its task`() throws {
        let timer = """
            <boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
            """
        let model = Self.model(
            timer, Self.work("a"), Self.work("b", input: "= result"), nodes: "start:s end:e end:o", flows: "s>a", "a>e",
            "late>b", "b>o")
        #expect(try codes(model).map { $0.hasSuffix(" b") } == [true])
    }

    @Test func `an event subprocess may come at any time`() throws {
        func model(_ read: String) -> String {
            """
            <subProcess id="handler" triggeredByEvent="true">
            <startEvent id="hs"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>
            \(Self.model(Self.work("h", input: "= \(read)"), nodes: "end:he", flows: "hs>h", "h>he"))</subProcess>
            """ + Self.model(Self.work("a"), nodes: "start:s end:e", flows: "s>a", "a>e")
        }
        #expect(try findings(model("order.id")) == [])
        #expect(try codes(model("result")) == ["maybe-undefined h"])
    }

    @Test func `a task without mappings needs variables of the names of its inputs`() throws {
        func model(_ before: String) -> String {
            Self.model(
                "<serviceTask id=\"a\" waybill:contract=\"do.work@1\"/>\(before)", nodes: "start:s end:e",
                flows: "s>t", "t>a", "a>e")
        }
        let script =
            "<scriptTask id=\"t\" scriptFormat=\"feel\" camunda:resultVariable=\"NAME\"><script>order.id</script></scriptTask>"
        #expect(try findings(model(script.replacing("NAME", with: "path"))) == [])
        #expect(try codes(model(script.replacing("NAME", with: "paht"))) == ["missing-input a"])
    }

    @Test func `outputs that the contract does not have are errors`() throws {
        let model = Self.model(
            Self.work("a", Self.output("x", "= reslt")), nodes: "start:s end:e", flows: "s>a", "a>e")
        let found = ModelCheck.check(
            try CheckedModel.definitions(model), against: try ContractCatalog(Self.contracts()))
        #expect(found.map(\.code) == ["unknown-output"])
        #expect(found.first?.suggestion == #"did you mean "result"?"#)
    }

    @Test(arguments: [
        ("output: {type: object, required: [result], properties: {result: {}}}", [String]()),
        ("output: {type: object, required: [total], properties: {total: {}}}", ["missing-output p"]),
        ("output: {type: object, required: [extra], properties: {extra: {}}}", ["maybe-missing-output p"]),
    ])
    func `what the workflow promises is produced`(output: String, expected: [String]) throws {
        let model = Self.model(Self.work("a"), nodes: "start:s end:e", flows: "s>a", "a>e")
        #expect(try codes(model, output: output) == expected)
    }

    // MARK: Types

    @Test(arguments: [
        ("= order.id", [String]()), ("= order.count", ["input-type a"]), ("= [order.id]", ["input-type a"]),
        ("= {id: 1}", ["input-type a"]), ("= string(order.count)", []), ("= date(\"2026-01-31\")", []),
        ("= if flag then order.id else order.count", []), ("= order.nothing", ["suspicious-expression a"]),
        ("= order.count + order.id", ["suspicious-expression a"]),
    ])
    func `an input is of a type that the contract takes`(value: String, expected: [String]) throws {
        let escaped = value.replacing("\"", with: "&quot;")
        let model = Self.model(Self.work("a", input: escaped), nodes: "start:s end:e", flows: "s>a", "a>e")
        #expect(try codes(model) == expected)
    }

    @Test func `constants are held against the whole schema`() throws {
        func model(_ mode: String) -> String {
            Self.model(
                Self.work("a", "<waybill:input name=\"mode\" value=\"\(mode)\"/>"), nodes: "start:s end:e",
                flows: "s>a",
                "a>e")
        }
        #expect(try findings(model("a")) == [])
        #expect(
            try findings(model("c")) == [
                #"[input-type] a: the input "mode" of do.work@1.0 must be one of "a", "b", not "c""#
            ])
    }

    @Test func `a condition that compares what does not go together is a warning`() throws {
        let model = Self.model(
            Self.work("a"), nodes: "start:s xor:x end:e end:f", flows: "s>x", "x>a: = order.count = \"3\"",
            "x>f: = flag",
            "a>e")
        #expect(try codes(model) == ["suspicious-expression x"])
    }

    // MARK: Contracts

    @Test func `boundary events are those of the contract`() throws {
        func model(_ name: String, cancel: Bool) -> (String, String) {
            let boundary = """
                <boundaryEvent id="b" attachedToRef="a" cancelActivity="\(cancel)"><messageEventDefinition messageRef="M"/></boundaryEvent>
                """
            return (
                Self.model(boundary, Self.work("a"), nodes: "start:s end:e end:f", flows: "s>a", "a>e", "b>f"),
                "<message id=\"M\" name=\"\(name)\"/>"
            )
        }
        for (name, cancel, expected) in [
            ("warning", false, []), ("warning", true, ["event-mismatch b"]), ("warnig", false, ["undeclared-event b"]),
            ("order-changed", true, []),
        ] {
            let (model, head) = model(name, cancel: cancel)
            #expect(try codes(model, head: head) == expected)
        }
    }

    @Test func `a version that does not exist yet is an error`() throws {
        let model = Self.model(Self.work("a"), nodes: "start:s end:e", flows: "s>a", "a>e")
        #expect(try codes(model.replacing("do.work@1", with: "do.work@1.0")) == [])
        #expect(try codes(model.replacing("do.work@1", with: "do.work@1.3")) == ["unknown-contract a"])
    }

    @Test func `a call activity calls a workflow contract, and no task`() throws {
        let call = #"<callActivity id="c" waybill:contract="do.work@1"/>"#
        let model = Self.model(call, nodes: "start:s end:e", flows: "s>c", "c>e")
        let found = try codes(model)
        #expect(found == ["unknown-contract c"])
    }

    @Test func `an error that ends the process is declared`() throws {
        let end = "<endEvent id=\"e\"><errorEventDefinition errorRef=\"E\"/></endEvent>"
        let model = Self.model(end, nodes: "start:s", flows: "s>e")
        let head = "<error id=\"E\" errorCode=\"BAD\"/>"
        #expect(try codes(model, head: head) == ["undeclared-error e"])
        #expect(try codes(model, head: head, output: "errors: [{code: BAD}]") == [])
    }

    @Test func `a call gives what the workflow requires`() throws {
        func model(_ target: String) -> String {
            Self.model(
                """
                <callActivity id="c" calledElement="p"><extensionElements>
                <camunda:in source="order" target="\(target)"/></extensionElements></callActivity>
                """, nodes: "start:s xor:x end:e", flows: "s>x", "x>c: = flag", "x>e: = not(flag)", "c>e")
        }
        #expect(try findings(model("order")) == [])
        // Nothing keeps a call by the id of a process from passing more.
        #expect(try codes(model("ordr")) == ["missing-input c"])
        #expect(
            try codes(model("ordr").replacing("calledElement=\"p\"", with: "waybill:contract=\"w@1\"")) == [
                "unknown-input c", "missing-input c",
            ])
        #expect(
            try codes(model("order").replacing("<camunda:in source=\"order\" target=\"order\"/>", with: "")) == [
                "missing-input c"
            ])
        #expect(
            try codes(model("order").replacing("calledElement=\"p\"", with: "calledElement=\"P\"")) == [
                "unknown-process c"
            ])
    }

    @Test func `a process that is given more than its contract declares reads it`() throws {
        let caller = """
            <callActivity id="c" calledElement="p"><extensionElements><camunda:in source="order" target="order"/>
            <camunda:in sourceExpression="${order.id}" target="more"/></extensionElements></callActivity>
            """
        let called = Self.model(Self.work("a", input: "= more"), nodes: "start:s end:e", flows: "s>a", "a>e")
        let both =
            try CheckedModel.definitions(called)
            + CheckedModel.definitions(
                Self.model(caller, nodes: "start:s end:e", flows: "s>c", "c>e"), process: "caller")
        let catalog = try ContractCatalog(Self.contracts())
        #expect(ModelCheck.check(both, against: catalog).map(\.code) == [])
        #expect(ModelCheck.check(Array(both.prefix(1)), against: catalog).map(\.code) == ["undefined-variable"])
    }
}
