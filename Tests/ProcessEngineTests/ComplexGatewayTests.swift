import ProcessEngine
import Testing
import Values

struct ComplexGatewayTests {
    @Test func `goes on when its activation condition holds`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><complexGateway id="j"><activationCondition>= activationCount >= 2
            </activationCondition></complexGateway>\(user("a"))\(user("b"))\(user("c"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(chain("f", "b", "j"))\(chain("f", "c", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["b", "c"])
        try scenario.finish("b")
        #expect(scenario.active == ["c", "z"])
        try scenario.finish("c")
        #expect(scenario.active == ["z"])
        try scenario.finish("z")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `tokens that never suffice are an incident`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><exclusiveGateway id="f" default="f-a"/><complexGateway id="j"><activationCondition>
            = activationCount >= 2</activationCondition></complexGateway>\(user("a"))\(user("b"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(flow("f", "b", "= no"))\(flow("b", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("no", "false")])
        try scenario.finish("a")
        #expect(scenario.incidents == [.joinStuck])
    }

    @Test func `without a condition it joins what comes`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><complexGateway id="j"/>\(user("a"))\(user("b"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(chain("f", "b", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.active == ["z"])
    }

    /// `a`, `b` and `c` lead to a gateway that needs so many, and `z` and `y` away from it.
    private static func discriminator(_ condition: String, _ z: String? = nil, _ y: String? = nil) -> String {
        bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/>\(user("a"))\(user("b"))\(user("c"))\(user("z"))\(user("y"))
            <complexGateway id="j"><activationCondition>\(condition)</activationCondition></complexGateway>
            \(chain("s", "f", "a", "j"))\(chain("f", "b", "j"))\(chain("f", "c", "j"))\(flow("j", "z", z))
            \(y.map { flow("j", "y", $0) } ?? flow("z", "y"))
            """)
    }

    @Test func `is activated once, by the first that suffices`() throws {
        var scenario = try Scenario(Self.discriminator("= activationCount >= 1"))
        try scenario.start()
        for element in ["a", "b", "c"] { try scenario.finish(element) }
        #expect(scenario.active == ["z"])
    }

    @Test func `its flows may tell what came first from what came later`() throws {
        var scenario = try Scenario(
            Self.discriminator("= activationCount >= 1", "= waitingForStart", "= not(waitingForStart)"))
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["b", "c", "z"])
        try scenario.finish("b")
        #expect(scenario.active == ["c", "z"])
        try scenario.finish("c")
        #expect(scenario.active == ["z", "y"])
    }

    @Test func `its condition may name flows`() throws {
        let text = Self.discriminator("= fromB >= 1").replacing("id=\"b-j\"", with: "id=\"fromB\"")
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["b", "c"])
        try scenario.finish("b")
        #expect(scenario.active == ["c", "z"])
    }

    @Test func `starts over once all came`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><parallelGateway id="f"/>\(user("a"))\(user("b"))
                <complexGateway id="j"><activationCondition>= activationCount >= 1</activationCondition></complexGateway>
                <exclusiveGateway id="x"/>\(chain("s", "x", "f", "a", "j"))\(chain("f", "b", "j"))
                \(user("z"))\(chain("j", "z", "x"))
                """))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        try scenario.finish("z")
        #expect(scenario.active == ["a", "b"])
        try scenario.finish("b")
        #expect(scenario.active == ["a", "z"])
    }
}
