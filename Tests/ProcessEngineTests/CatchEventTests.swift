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
    @Test(arguments: [(false, 1), (true, 2)])
    func `of several triggers one is enough, unless they are parallel`(isParallel: Bool, needed: Int) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c" parallelMultiple="\(isParallel)">\(messageM)\(signalS)
            </intermediateCatchEvent>\(user("u"))\(chain("s", "c", "u"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        for step in 1...needed {
            #expect(scenario.active == ["c"])
            if step == 1 {
                try scenario.correlate("c")
            } else {
                try scenario.send(.signal(name: "stop", variables: []))
            }
        }
        #expect(scenario.active == ["u"])
        #expect(scenario.waitsFor == [])
    }

    @Test func `what its outputs say is set too when an event-based gateway waited for it`() throws {
        let outputs = """
            <extensionElements><camunda:inputOutput><camunda:outputParameter name="foo">${sum}</camunda:outputParameter>
            </camunda:inputOutput></extensionElements>
            """
        let text = bpmn(
            """
            <startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c">\(outputs)\(messageM)
            </intermediateCatchEvent>\(user("u"))\(chain("s", "g", "c", "u"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.correlate("c", [("sum", "3")])
        #expect(scenario.root("foo") == "3")
        #expect(scenario.root("sum") == "3")
    }

    @Test(arguments: [
        ("<timeDuration>PT10S</timeDuration>", "2026-01-01T00:00:10.000Z"),
        ("<timeDuration>= d</timeDuration>", "2026-01-01T01:00:00.000Z"),
        ("<timeDuration>${d}</timeDuration>", "2026-01-01T01:00:00.000Z"),
        ("<timeDuration>P1M</timeDuration>", "2026-02-01T00:00:00.000Z"),
        ("<timeDate>2026-03-01T12:00:00+02:00</timeDate>", "2026-03-01T10:00:00.000Z"),
        ("<timeDate>2020-01-01T00:00:00Z</timeDate>", "2020-01-01T00:00:00.000Z"),
        ("<timeDate>2026-03-01T12:00:00</timeDate>", "2026-03-01T12:00:00.000Z"),
        ("<timeDate>= at</timeDate>", "2026-05-05T00:00:00.000Z"),
        ("<timeDate>PT10S</timeDate>", "2026-01-01T00:00:10.000Z"),
        ("<timeDate>${d}</timeDate>", "2026-01-01T01:00:00.000Z"),
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
