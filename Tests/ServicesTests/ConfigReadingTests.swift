import Contracts
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

@Suite struct ConfigReadingTests {
    private func run(_ body: @escaping @Sendable (ConfigWorld) async throws -> Void) throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            try await body(world)
        }
    }

    @Test func `a snapshot has a revision with all its contents, and says of which store`() throws {
        try run { world in
            try await world.push(
                ConfigWorld.file("b.yaml", "kind: task\nname: b\nversion: \"1.0\"\ninput: {type: object}\n"))
            let first = try await world.service.snapshot(at: 1)
            #expect(first.store == "memory" && first.revision?.number == 1)
            #expect(first.artifacts.map(\.entry.name) == ["p", "work", "order"])
            #expect(first.artifacts.first?.content == ConfigWorld.model.content)
            let newest = try await world.service.snapshot(at: nil)
            #expect(newest.revision?.number == 2 && newest.artifacts.count == 4)
            let refusal = await #expect(throws: Rejection.self) { try await world.service.snapshot(at: 3) }
            #expect(refusal?.reason == .gone)
        }
    }

    @Test func `a new store has an empty snapshot`() throws {
        try Simulation.run { simulation in
            let snapshot = try await ConfigWorld(simulation).service.snapshot(at: nil)
            #expect(snapshot.revision == nil && snapshot.artifacts.isEmpty)
        }
    }

    @Test(arguments: [Int.max, 2, 0, -1, Int.min])
    func `a revision that is not there is gone, whatever its number`(number: Int) throws {
        try run { world in
            let refusal = await #expect(throws: Rejection.self) { try await world.service.revision(number) }
            #expect(refusal?.reason == .gone)
        }
        try Simulation.run { simulation in
            let service = ConfigWorld(simulation).service
            await #expect(throws: Rejection.self) { try await service.revision(number) }
        }
    }

    @Test func `says which elements use a contract, by its major`() throws {
        try run { world in
            try await world.push(ConfigWorld.order("1.1"), ConfigWorld.modelNamed("x"))
            let uses = try await world.service.uses(of: "work", nil)
            #expect(
                uses.map { "\($0.workflow)@\($0.workflowVersion) \($0.element) \($0.asksFor)" } == [
                    "order@1.1 t work@1"
                ])
            let all = try await world.service.uses(of: "work", .newest(ofMajor: 1), olderToo: true)
            #expect(all.map(\.workflowVersion) == ["1.0", "1.1"])
            let then = try await world.service.uses(of: "work", .latest, at: 1)
            #expect(then.map(\.workflowVersion) == ["1.0"])
        }
    }

    @Test func `a workflow is used by those that call its process`() throws {
        try run { world in
            let caller = ConfigService.File(
                path: "caller.bpmn",
                content: Model.bpmn(
                    "<startEvent id=\"start\"/><callActivity id=\"c\" name=\"Order it\" calledElement=\"p\"><extensionElements>"
                        + "<camunda:in xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" variables=\"all\"/>"
                        + "</extensionElements></callActivity><endEvent id=\"end\"/>"
                        + Model.chain("start", "c", "end"), process: "caller"))
            try await world.push(ConfigWorld.order("1.0", name: "buy", process: "caller"), caller)
            let uses = try await world.service.uses(of: "order", nil)
            #expect(
                uses.map { "\($0.workflow) \($0.element) \($0.elementName ?? "") \($0.asksFor)" } == [
                    "buy c Order it p"
                ])
            #expect(try await world.service.uses(of: "buy", nil) == [])
        }
    }

    @Test func `a contract that is not there is refused with what may have been meant`() throws {
        try run { world in
            let unknown = await #expect(throws: Rejection.self) { try await world.service.uses(of: "wrok", nil) }
            #expect(unknown?.message == "there is no contract wrok; did you mean \"work\"?")
            let version = await #expect(throws: Rejection.self) {
                try await world.service.uses(of: "work", .newest(ofMajor: 2))
            }
            #expect(version?.message == "work has no such version; there are: 1.0")
        }
    }
}
