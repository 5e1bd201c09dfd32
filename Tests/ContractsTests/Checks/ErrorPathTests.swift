import Contracts
import Testing
import Values

/// Which variables are there on the paths that begin at errors, escalations and what else ends a task.
///
/// The workflow takes `a`; `t` takes `x`, gives `y` and perhaps `more`, and may fail with BAD; `quiet` takes nothing and cannot fail.
@Suite struct ErrorPathTests {
    private static func contracts(_ output: String = "") throws -> [Contract] {
        [
            try Sample.workflow(
                "w", "1.0", process: "p",
                "input: {type: object, required: [a], properties: {a: {type: string}}}\n\(output)"),
            try Sample.workflow(
                "called", "1.0", process: "q",
                "output: {type: object, required: [made], properties: {made: {type: string}}}\nerrors: [{code: BAD}]"),
            try Sample.task(
                "t", "1.0",
                """
                input: {type: object, required: [x], properties: {x: {type: string}}}
                output: {type: object, required: [y], properties: {y: {type: string}, more: {type: string}}}
                errors: [{code: BAD}]
                """),
            try Sample.task("quiet", "1.0", "output: {type: object, properties: {}, additionalProperties: false}"),
        ]
    }

    private static let head = "<error id=\"E\" errorCode=\"BAD\"/><escalation id=\"X\" escalationCode=\"X\"/>"
    private static let timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    private static let error = "<errorEventDefinition errorRef=\"E\"/>"

    private static func task(_ id: String, _ input: String = "= a", to output: String = "", loop: String = "") -> String
    {
        let parts = output.split(separator: ":").map { String($0) }
        let mapping =
            parts.count < 2 ? "" : "<waybill:output name=\"\(parts[0])\" value=\"\(parts[1].drop { $0 == " " })\"/>"
        return """
            <serviceTask id="\(id)" waybill:contract="t@1"><extensionElements><waybill:input name="x" value="\(input)"/>\(mapping)
            </extensionElements>\(loop)</serviceTask>
            """
    }

    private static func on(_ host: String, _ event: String, _ id: String = "b", cancels: Bool = true) -> String {
        "<boundaryEvent id=\"\(id)\" attachedToRef=\"\(host)\" cancelActivity=\"\(cancels)\">\(event)</boundaryEvent>"
    }

    private func check(_ parts: String..., nodes: String, flows: String..., output: String = "") throws -> [Diagnostic]
    {
        let model = parts.joined() + CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined()
        return ModelCheck.check(
            try CheckedModel.definitions(model, head: Self.head), against: try ContractCatalog(Self.contracts(output)))
    }

    private func codes(_ findings: [Diagnostic]) -> [String] { findings.map { "\($0.code) \($0.element ?? "-")" } }

    // MARK: Errors of agents

    /// s -> A (v) -> e
    ///      (BAD) -> H
    @Test(arguments: [
        ("a", []), ("nowhere", ["maybe-undefined H"]), ("v", ["maybe-undefined H"]), ("y", ["maybe-undefined H"]),
        ("if nowhere = null then a else nowhere", []),
    ])
    func `nobody counts on the variables of an agent's error`(read: String, expected: [String]) throws {
        let found = try check(
            Self.task("A", to: "v: = y"), Self.on("A", Self.error), Self.task("H", "= \(read)", to: "w: = y"),
            nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f")
        #expect(codes(found) == expected)
    }

    @Test func `what only an error may bring is explained`() throws {
        let found = try check(
            Self.task("A"), Self.on("A", Self.error), Self.task("H", "= reason", to: "w: = y"),
            nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f")
        #expect(
            found.map(\.message) == [
                #"the input "x" reads "reason", which nothing before it defines, unless it comes with the error that b catches"#
            ])
        #expect(found.first?.suggestion == #"define it before H, or test for it with reason = null"#)
    }

    /// s -> A (v) -> j -> C
    ///      (BAD) -> j
    @Test func `an error path switches nothing off where it meets others`() throws {
        func found(_ read: String) throws -> [String] {
            codes(
                try check(
                    Self.task("A", to: "v: = y"), Self.on("A", Self.error), Self.task("C", "= \(read)", to: "w: = y"),
                    nodes: "start:s xor:j end:e", flows: "s>A", "A>j", "b>j", "j>C", "C>e"))
        }
        let typo = try found("nowhere")
        #expect(typo == ["maybe-undefined C"])
        let skipped = try found("v")
        #expect(skipped == ["maybe-undefined C"])
        let given = try found("a")
        #expect(given == [])
    }

    @Test func `an output that an error path lacks is told`() throws {
        let found = try check(
            Self.task("A", to: "r: = y"), Self.on("A", Self.error), nodes: "start:s end:e end:f", flows: "s>A", "A>e",
            "b>f", output: "output: {type: object, required: [r], properties: {r: {type: string}}}")
        #expect(codes(found) == ["maybe-missing-output p"])
    }

    @Test func `where the code and the message go is certain`() throws {
        let event =
            "<errorEventDefinition errorRef=\"E\" camunda:errorCodeVariable=\"code\" camunda:errorMessageVariable=\"text\"/>"
        let found = try check(
            Self.task("A"), Self.on("A", event), Self.task("H", "= code + text", to: "w: = y"),
            nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f")
        #expect(codes(found) == [])
    }

    // MARK: Errors of the model

    /// q: i -> g -> (T (v) ->) out, BAD ; (BAD) -> H
    private func thrown(_ read: String, with extra: String = "", _ flows: String...) throws -> [String] {
        let inside = [
            Self.task("T", to: "v: = y"), Self.on("T", Self.error, "handled"),
            "<endEvent id=\"out\">\(Self.error)</endEvent>", extra,
            CheckedModel.nodes("start:i xor:g end:o"), flows.map { CheckedModel.flows($0) }.joined(),
        ].joined()
        return codes(
            try check(
                "<subProcess id=\"q\">\(inside)</subProcess>", Self.on("q", Self.error),
                Self.task("H", "= \(read)", to: "w: = y"),
                nodes: "start:s end:e end:f", flows: "s>q", "q>e", "b>H", "H>f"
            ).filter { $0.element == "H" })
    }

    @Test(arguments: [("v", []), ("a", []), ("nowhere", ["undefined-variable H"])])
    func `an error of the model is caught after what came before it`(read: String, expected: [String]) throws {
        let found = try thrown(read, "i>T", "T>g", "g>out: = v = a", "g>o: = v != a", "handled>o")
        #expect(found == expected)
    }

    @Test func `what is done on another way than to the error is not there`() throws {
        let found = try thrown("v", "i>g", "g>T: = a = string(1)", "g>out: = a != string(1)", "T>o", "handled>o")
        #expect(found == ["maybe-undefined H"])
    }

    @Test func `a task that cannot fail throws nothing`() throws {
        let quiet = "<serviceTask id=\"Q\" waybill:contract=\"quiet@1\"/>"
        let found = try thrown(
            "nowhere", with: quiet, "i>T", "T>Q", "Q>g", "g>out: = v = a", "g>o: = v != a", "handled>o")
        #expect(found == ["undefined-variable H"])
    }

    @Test func `an event subprocess hears of the errors beside it`() throws {
        func found(_ read: String) throws -> [String] {
            let handler = """
                <subProcess id="handler" triggeredByEvent="true"><startEvent id="hs">\(Self.error)</startEvent>
                \(Self.task("H", "= \(read)", to: "w: = y"))<endEvent id="he"/>\(CheckedModel.flows("hs>H"))\(CheckedModel.flows("H>he"))
                </subProcess>
                """
            return codes(
                try check(
                    handler, "<serviceTask id=\"Q\" waybill:contract=\"quiet@1\"/>",
                    "<scriptTask id=\"k\" scriptFormat=\"feel\" camunda:resultVariable=\"v\"><script>a</script></scriptTask>",
                    "<endEvent id=\"out\">\(Self.error)</endEvent>", nodes: "start:s", flows: "s>k", "k>Q", "Q>out"))
        }
        let before = try found("v")
        #expect(before == [])
        let never = try found("nowhere")
        #expect(never == ["undefined-variable H"])
    }

    @Test func `a called workflow passes nothing with its error`() throws {
        let call = "<callActivity id=\"A\" waybill:contract=\"called@1\"/>"
        func found(_ read: String) throws -> [String] {
            codes(
                try check(
                    call, Self.on("A", Self.error), Self.task("H", "= \(read)", to: "w: = y"),
                    nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f"))
        }
        let given = try found("made")
        #expect(given == ["undefined-variable H"])
        let typo = try found("nowhere")
        #expect(typo == ["undefined-variable H"])
    }

    @Test func `what people throw may bring anything`() throws {
        let found = try check(
            Self.on("u", Self.error), Self.task("H", "= comment", to: "w: = y"),
            nodes: "start:s user:u end:e end:f", flows: "s>u", "u>e", "b>H", "H>f")
        #expect(codes(found) == [])
    }

    // MARK: Interruptions

    @Test func `an escalation of the model brings nothing`() throws {
        let escalation = "<escalationEventDefinition escalationRef=\"X\"/>"
        let inside =
            "<endEvent id=\"out\">\(escalation)</endEvent>" + CheckedModel.nodes("start:i")
            + CheckedModel.flows("i>out")
        let found = try check(
            "<subProcess id=\"q\">\(inside)</subProcess>", Self.on("q", escalation),
            Self.task("H", "= nowhere", to: "w: = y"), nodes: "start:s end:e end:f", flows: "s>q", "q>e", "b>H", "H>f")
        #expect(codes(found) == ["undefined-variable H"])
    }

    /// s -> A (v) -> e
    ///     (1 h) -> H
    @Test(arguments: [
        (true, "", "undefined-variable H"), (false, "", "maybe-undefined H"), (true, "loop", "maybe-undefined H"),
    ])
    func `what an interrupted task would have given is not there`(cancels: Bool, loop: String, expected: String) throws
    {
        let loops =
            loop.isEmpty
            ? ""
            : "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        let found = try check(
            Self.task("A", to: "v: = y", loop: loops), Self.on("A", Self.timer, cancels: cancels),
            Self.task("H", "= v", to: "w: = y"), nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f")
        #expect(codes(found) == [expected])
    }

    @Test func `an interruption is the reason that is given`() throws {
        let found = try check(
            Self.task("A", to: "v: = y"), Self.on("A", Self.timer), Self.task("H", "= v", to: "w: = y"),
            nodes: "start:s end:e end:f", flows: "s>A", "A>e", "b>H", "H>f")
        #expect(
            found.map(\.message) == [
                #"the input "x" reads "v", which only A defines, and that is interrupted on the way here"#
            ])
    }

    /// f -> A (v) -> e ; f -> B (1 h) -> H: A may be done by then.
    @Test func `what runs beside is not what is interrupted`() throws {
        let found = try check(
            Self.task("A", to: "v: = y"), Self.on("A", Self.timer, "late"), Self.task("B"), Self.on("B", Self.timer),
            Self.task("H", "= v", to: "w: = y"), nodes: "start:s and:f end:e end:g", flows: "s>f", "f>A", "f>B", "A>e",
            "B>e", "late>g", "b>H", "H>g")
        #expect(codes(found) == ["maybe-undefined H"])
    }

    // MARK: Outputs

    @Test func `an optional output of the task itself is called that`() throws {
        let found = try check(
            Self.task("A", to: "v: = more"), nodes: "start:s end:e", flows: "s>A", "A>e")
        #expect(
            found.map(\.message) == [#"the output "v" reads "more", an output of t@1.0 that need not be given"#])
    }

    @Test(arguments: [
        ("<waybill:output name=\"k\" value=\"= made\"/>", []),
        ("<waybill:output name=\"k\" value=\"= nope\"/>", ["unknown-output C"]),
        ("<waybill:output name=\"k\" value=\"= a\"/>", []), ("<camunda:out source=\"made\" target=\"k\"/>", []),
        ("<camunda:out source=\"nope\" target=\"k\"/>", ["unknown-output C"]),
        ("<camunda:out sourceExpression=\"${nope}\" target=\"k\"/>", ["unknown-output C"]),
    ])
    func `a call passes back what the called workflow gives`(mapping: String, expected: [String]) throws {
        let found = try check(
            "<callActivity id=\"C\" waybill:contract=\"called@1\"><extensionElements>\(mapping)</extensionElements></callActivity>",
            nodes: "start:s end:e", flows: "s>C", "C>e")
        #expect(codes(found) == expected)
    }

    @Test func `what a called workflow does not list does not come back`() throws {
        let found = try check(
            "<callActivity id=\"C\" waybill:contract=\"called@1\"/>", Self.task("H", "= nope", to: "w: = y"),
            Self.task("I", "= made", to: "w: = y"), nodes: "start:s end:e", flows: "s>C", "C>H", "H>I", "I>e")
        #expect(codes(found) == ["undefined-variable H"])
    }
}
