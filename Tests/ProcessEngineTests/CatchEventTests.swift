import ProcessEngine
import Testing
import Values

private func timerEvent(_ definition: String) -> String {
    bpmn(
        """
        <startEvent id="s"/><intermediateCatchEvent id="w"><timerEventDefinition>\(definition)</timerEventDefinition></intermediateCatchEvent>
        <endEvent id="e"/>\(chain("s", "w", "e"))
        """)
}

struct CatchEventTests {
    @Test(arguments: [
        ("<timeDuration>PT10S</timeDuration>", "2026-01-01T00:00:10.000Z"),
        ("<timeDuration>= d</timeDuration>", "2026-01-01T01:00:00.000Z"),
        ("<timeDuration>${d}</timeDuration>", "2026-01-01T01:00:00.000Z"),
        ("<timeDuration>P1M</timeDuration>", "2026-02-01T00:00:00.000Z"),
        ("<timeDate>2026-03-01T12:00:00+02:00</timeDate>", "2026-03-01T10:00:00.000Z"),
        ("<timeDate>2020-01-01T00:00:00Z</timeDate>", "2020-01-01T00:00:00.000Z"),
        ("<timeDate>2026-03-01T12:00:00</timeDate>", "2026-03-01T12:00:00.000Z"),
        ("<timeDate>= at</timeDate>", "2026-05-05T00:00:00.000Z"),
    ])
    func `waits until it is due`(definition: String, expected: String) throws {
        var scenario = try Scenario(timerEvent(definition))
        try scenario.start([("d", "\"PT1H\""), ("at", "\"2026-05-05T00:00:00Z\"")])
        #expect(scenario.instance.openTimers.map(\.dueAt.iso8601) == [expected])
        try scenario.fire("w")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `an expression that gives no time is stuck`() throws {
        var scenario = try Scenario(timerEvent("<timeDuration>= d</timeDuration>"))
        #expect(rejection { try scenario.start([("d", "\"soon\"")]) }?.reason == .stuck)
    }
}
