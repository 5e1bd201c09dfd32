import Expressions
import ProcessEngine
import Testing
import Values

/// An hour ahead of UTC, all year.
private struct Berlin: ZoneRules {
    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        zone == "Europe/Berlin" ? ZoneOffset(seconds: 3600) : FixedZones().offset(of: zone, at: timestamp)
    }
}

struct ZoneTests {
    @Test func `times in zones are what the rules of the surroundings say`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><scriptTask id="t"><extensionElements><zeebe:script resultVariable="same"
            expression='= @"2026-01-01T00:00:00@Europe/Berlin" = @"2025-12-31T23:00:00Z"'/></extensionElements></scriptTask>
            \(user("u"))\(chain("s", "t", "u"))
            """)
        for (zones, expected) in [(Berlin() as any ZoneRules, "true"), (FixedZones(), "false")] {
            let definition = try definition(text)
            let start = Command.Start(definition: DefinitionID(process: "p", version: 1))
            let surroundings = Surroundings(
                now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts(), zones: zones)
            var instance = ProcessInstance()
            instance.apply(try Engine.decide(.start(start), for: instance, of: definition, in: surroundings))
            #expect(instance.rootVariable("same")?.text == expected)
        }
    }
}

extension ZoneTests {
    @Test(arguments: [
        "date and time(&quot;2026-07-01T12:00:00@Europe/Berlin&quot;)", "@&quot;2026-07-01T11:00:00Z&quot;",
    ])
    func `a timer takes a date in a zone`(date: String) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c"><timerEventDefinition><timeDate>= \(date)</timeDate>
            </timerEventDefinition></intermediateCatchEvent>\(chain("s", "c"))
            """)
        var simulation = Simulation(
            [try definition(text)], now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts(),
            zones: Berlin())
        try simulation.start("p")
        #expect(simulation.nextTimer?.timer.dueAt.iso8601 == "2026-07-01T11:00:00.000Z")
    }
}
