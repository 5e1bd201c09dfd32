import Delivery
import ProcessEngine
import ServicesTesting
import Testing
import Values

@testable import Services

@Suite struct HealthServiceTests {
    private static func health(of world: BrokerWorld, index: InMemoryIndexStore) -> HealthService {
        HealthService(
            checks: [("store", { nil }), ("bus", { await world.broker.trouble })], engine: world.engine,
            broker: world.broker, store: world.shop.store, index: index, progress: ProjectorProgress(), bus: world.bus,
            names: world.names, time: world.simulation.clock)
    }

    private func run(_ body: @escaping @Sendable (BrokerWorld, ScriptedAgent, HealthService) async throws -> Void)
        throws
    {
        try BrokerWorld.run(Model.sequence("work"), "work") { world, agents in
            let index = InMemoryIndexStore(live: world.shop.store)
            try await body(world, agents[0], Self.health(of: world, index: index))
        }
    }

    @Test func `says which part is not ready, and why`() throws {
        try run { world, _, health in
            #expect(await health.parts().map(\.ready) == [true, true])
            world.bus.disconnect()
            await world.simulation.settle()
            let parts = await health.parts()
            #expect(parts.map(\.name) == ["store", "bus"])
            #expect(parts.map(\.reason) == [nil, "the bus is not connected"])
        }
    }

    @Test func `every family is described once, before its samples`() throws {
        try run { world, agent, health in
            for _ in 0..<3 { _ = try await world.engine.begin() }
            await world.simulation.settle()
            try await agent.serve()
            await world.simulation.settle()
            let text = await health.metrics()
            let families = try Self.check(text)
            #expect(families.count >= 14)
            #expect(text.hasSuffix("\n"))
            for sample in [
                "waybill_instances_started_total 3", "waybill_tasks_out{contract=\"work@1\"} 2",
                "waybill_publishes_total{outcome=\"confirmed\"} 3", "waybill_results_total{type=\"completed\"} 1",
                "waybill_result_outcomes_total{outcome=\"applied\"} 1", "waybill_queue_messages{contract=\"work@1\"} 0",
                "waybill_projector_lag_seconds 0", "waybill_index_position 0",
            ] { #expect(text.contains("\n\(sample)\n"), "\(sample) is missing") }
        }
    }

    @Test func `a bus that is away holds up no number`() throws {
        try run { world, _, health in
            _ = try await world.engine.begin()
            await world.simulation.settle()
            world.bus.disconnect()
            await world.simulation.settle()
            // The clock stands: whoever waits for the bus waits for ever.
            let text = await health.metrics()
            #expect(try !Self.check(text).contains("waybill_queue_messages"))
            #expect(text.contains("\nwaybill_tasks_out{contract=\"work@1\"} 1\n"))
            #expect(text.contains("waybill_projector_lag_seconds"))
        }
    }

    @Test func `what cannot be read is left out`() throws {
        try run { world, _, health in
            _ = try await world.engine.begin()
            await world.simulation.settle()
            world.shop.store.setAway(true)
            let text = await health.metrics()
            world.shop.store.setAway(false)
            #expect(try !Self.check(text).contains("waybill_tasks_out"))
            #expect(text.contains("waybill_engine_commits_total"))
        }
    }

    @Test func `label values are escaped, numbers are exact`() throws {
        var page = MetricsPage()
        page.family("a", "gauge", "Help.")
        page.sample("a", ["x": "back\\slash \"quote\"\nline", "y": "é"], 0.25)
        page.sample("a", [:], 9_007_199_254_740_992)
        page.sample("a", [:], -3)
        #expect(
            page.text == """
                # HELP a Help.
                # TYPE a gauge
                a{x="back\\\\slash \\"quote\\"\\nline",y="é"} 0.25
                a 9007199254740992.0
                a -3

                """)
    }

    /// Reads the page as Prometheus does. Answers the families.
    private static func check(_ text: String) throws -> [String] {
        var families: [String] = []
        var helped: String?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# HELP ") {
                helped = line.dropFirst(7).split(separator: " ").first.map(String.init)
                #expect(line.dropFirst(7).contains(" "), "no help: \(line)")
            } else if line.hasPrefix("# TYPE ") {
                let words = line.dropFirst(7).split(separator: " ").map(String.init)
                #expect(
                    words.first == helped && words.count == 2 && ["counter", "gauge", "histogram"].contains(words[1]))
                #expect(!families.contains(words[0]), "\(words[0]) is described twice")
                #expect(words[0].hasSuffix("_total") == (words[1] == "counter"), "\(words[0])")
                families.append(words[0])
            } else {
                let sample = try #require(
                    line.wholeMatch(of: /([a-z_]+?)(_bucket|_sum|_count)?(?:\{[a-z]+="[^"]*"\})? -?[0-9.e+]+/),
                    "\(line)")
                let names = [String(sample.1), String(sample.1) + (sample.2 ?? "")]
                #expect(families.last.map(names.contains) == true, "\(line) is not under its family")
            }
        }
        return families
    }
}
