import ProcessEngine
import Testing
import Values

struct CronScheduleTests {
    @Test(arguments: [
        ("0 0 9 * * MON-FRI", "2026-01-02T10:00:00Z", "2026-01-05T09:00:00Z"),
        ("*/15 * * * * *", "2026-01-01T00:00:07Z", "2026-01-01T00:00:15Z"),
        ("0 0/5 14,18 * * ?", "2026-01-01T14:55:00Z", "2026-01-01T18:00:00Z"),
        ("0 15 10 L * ?", "2026-02-01T00:00:00Z", "2026-02-28T10:15:00Z"),
        ("0 0 0 L-2 * ?", "2026-02-01T00:00:00Z", "2026-02-26T00:00:00Z"),
        ("0 0 0 15W * ?", "2026-08-01T00:00:00Z", "2026-08-14T00:00:00Z"),
        ("0 0 0 LW * ?", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z"),
        ("0 0 0 ? * 6#3", "2026-01-01T00:00:00Z", "2026-01-16T00:00:00Z"),
        ("0 0 0 ? * 6L", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"),
        ("0 0 0 29 2 ?", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 12 1 1 ? 2030", "2026-01-01T00:00:00Z", "2030-01-01T12:00:00Z"),
        ("@daily", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("0 0 0 * * FRI-MON", "2026-01-06T00:00:00Z", "2026-01-09T00:00:00Z"),
        // Quartz counts from Sunday, Spring from Monday.
        ("0 0 0 ? * 2", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("0 0 0 * * 2", "2026-01-01T00:00:00Z", "2026-01-06T00:00:00Z"),
        ("0 0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
    ])
    func `is due next`(text: String, now: String, expected: String) throws {
        let schedule = try #require(CronSchedule(text))
        #expect(schedule.next(after: try #require(Timestamp(iso8601: now))) == Timestamp(iso8601: expected))
    }

    @Test func `is over when its years are`() throws {
        let schedule = try #require(CronSchedule("0 0 0 1 1 ? 2025"))
        #expect(schedule.next(after: try #require(Timestamp(iso8601: "2026-01-01T00:00:00Z"))) == nil)
    }

    @Test(arguments: [
        "", "* * * * *", "60 * * * * *", "a * * * * *", "* * * * 13 *", "* * * * * 9", "*/0 * * * * *", "* * * 32 * *",
        "0 0 0 ? * 6#6", "1- * * * * *", "@often",
    ])
    func `refuses what is no schedule`(text: String) {
        #expect(CronSchedule(text) == nil)
    }

    @Test func `a timer fires by a schedule, and by a cycle that an expression gives`() throws {
        for (cycle, second) in [("0 0 * * * ?", 3600), ("${cycle}", 7200), ("=cycle(2, @\"PT2H\")", 7200)] {
            let text = bpmn(
                """
                <startEvent id="s"/>\(user("u"))<boundaryEvent id="b" attachedToRef="u" cancelActivity="false">
                <timerEventDefinition><timeCycle>\(cycle)</timeCycle></timerEventDefinition></boundaryEvent>\(chain("s", "u"))
                """)
            var scenario = try Scenario(text)
            try scenario.start([("cycle", "\"R2/PT2H\"")])
            let due = scenario.now.advanced(by: .seconds(second))
            #expect(scenario.instance.openTimers.map(\.dueAt) == [due])
            scenario.now = due
            try scenario.fire("b")
            #expect(scenario.instance.openTimers.map(\.dueAt) == [due.advanced(by: .seconds(second))])
        }
    }
}
