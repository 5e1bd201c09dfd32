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

    private static func due(
        _ timer: String, attributes: String = "waybill:timeZone='Europe/Berlin'", process: String = ""
    ) throws -> String? {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c"><timerEventDefinition \(attributes)>\(timer)
            </timerEventDefinition></intermediateCatchEvent>\(chain("s", "c"))
            """, process: "id=\"p\" isExecutable=\"true\" \(process)")
        let july = try #require(Timestamp(iso8601: "2026-07-01T00:00:00Z"))
        var simulation = Simulation(
            [try definition(text)], now: july, contracts: StubContracts(), zones: DaylightSaving())
        try simulation.start("p")
        return simulation.nextTimer?.timer.dueAt.iso8601
    }

    @Test func `a schedule goes by the clocks of its zone, and a date without an offset too`() throws {
        let schedule = "<timeCycle>0 0 9 * * *</timeCycle>"
        #expect(try Self.due(schedule) == "2026-07-01T07:00:00.000Z")
        #expect(try Self.due(schedule, attributes: "") == "2026-07-01T09:00:00.000Z")
        let process = "waybill:timeZone='Europe/Berlin'"
        #expect(try Self.due(schedule, attributes: "", process: process) == "2026-07-01T07:00:00.000Z")
        #expect(
            try Self.due(schedule, attributes: "waybill:timeZone='UTC'", process: process)
                == "2026-07-01T09:00:00.000Z")
        #expect(try Self.due("<timeDate>2026-07-02T09:00:00</timeDate>") == "2026-07-02T07:00:00.000Z")
        #expect(try Self.due("<timeDate>2026-07-02</timeDate>") == "2026-07-01T22:00:00.000Z")
        #expect(try Self.due("<timeDate>2026-07-02T09:00:00Z</timeDate>") == "2026-07-02T09:00:00.000Z")
        #expect(try Self.due("<timeDuration>PT1H</timeDuration>") == "2026-07-01T01:00:00.000Z")
    }

    @Test func `in the place of a zone that is not known UTC counts, and one that has no name is refused`() throws {
        for timer in ["<timeCycle>0 0 9 * * *</timeCycle>", "<timeDate>2026-07-01T09:00:00</timeDate>"] {
            #expect(try Self.due(timer, attributes: "waybill:timeZone='Mars/Olympus'") == "2026-07-01T09:00:00.000Z")
        }
        let text = bpmn("<startEvent id='s'/>", process: "id='p' isExecutable='true' waybill:timeZone='in Berlin'")
        #expect(problems(text).map(\.code) == ["invalid-timer"])
    }

    @Test(arguments: [
        // Clocks are set forward at 02:00.
        ("0 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00.000Z"),
        ("0 30 2 * * *", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00.000Z"),
        ("0 0 9 * * *", "2026-03-28T12:00:00Z", "2026-03-29T07:00:00.000Z"),
        ("0 0 * * * *", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00.000Z"),
        // Clocks are set back at 03:00.
        ("0 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z"),
        ("0 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"),
        ("*/10 * * * * *", "2026-10-25T00:59:55Z", "2026-10-25T01:00:00.000Z"),
        ("0 0 * * * MON", "2026-10-24T12:00:00Z", "2026-10-25T23:00:00.000Z"),
    ])
    func `a schedule outlasts the change of the clocks`(schedule: String, after: String, expected: String) throws {
        let time = try #require(Timestamp(iso8601: after))
        let next = try #require(CronSchedule(schedule)).next(after: time, in: "Europe/Berlin", by: DaylightSaving())
        #expect(next?.iso8601 == expected)
    }
}

/// Germany in 2026.
private struct DaylightSaving: ZoneRules {
    private static let summer = [
        Timestamp(iso8601: "2026-03-29T01:00:00Z"), Timestamp(iso8601: "2026-10-25T01:00:00Z"),
    ].compactMap(\.self)

    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        guard zone == "Europe/Berlin" else { return FixedZones().offset(of: zone, at: timestamp) }
        return ZoneOffset(seconds: Self.summer[0] <= timestamp && timestamp < Self.summer[1] ? 7200 : 3600)
    }
}
