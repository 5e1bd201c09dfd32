import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// What instances cause in each other: calls, messages, signals, and timers that start processes.
@Suite struct EngineEventTests {
    private static let messages = """
        <message id="m" name="paid"/><signal id="s" name="alarm"/>
        """

    private static func model(_ body: String, process: String = "p") -> [UInt8] {
        Model.bpmn(body, process: process, declarations: messages)
    }

    /// start -> waits for the message -> end
    private static let waiting = model(
        """
        <startEvent id="start"/><intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/>
        </intermediateCatchEvent><endEvent id="end"/>\(Model.chain("start", "wait", "end"))
        """)

    /// start -> calls process `called` -> end
    private static let caller = model(
        """
        <startEvent id="start"/><callActivity id="call" calledElement="called"/><endEvent id="end"/>
        \(Model.chain("start", "call", "end"))
        """)

    private static let throwing = model(
        """
        <startEvent id="start"/><intermediateThrowEvent id="throw"><messageEventDefinition messageRef="m"/>
        </intermediateThrowEvent><endEvent id="end"/>\(Model.chain("start", "throw", "end"))
        """, process: "q")

    private func run(
        _ source: [UInt8], also: [(String, [UInt8])] = [],
        _ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void
    ) throws {
        try Workshop.run(source, try Model.contract("work")) { shop, engine in
            for (process, source) in also { try await shop.deploy(source, process: process) }
            try await body(shop, engine)
        }
    }

    /// The instances of a process, oldest first.
    private func instances(of process: String, in shop: Workshop) async throws -> [InstanceID] {
        try await shop.store.journal(after: 0, limit: 1000).filter { $0.seq == 1 }.compactMap { row in
            guard case .instanceStarted(let start)? = try EventCoding.decode(row.events).first,
                start.definition.process == process
            else { return nil }
            return row.instance
        }
    }

    // MARK: Calls

    @Test func `a called process runs as an instance of its own, and its end goes on in the caller`() throws {
        try run(Self.caller, also: [("called", Model.sequence("work", process: "called"))]) { shop, engine in
            let parent = try await engine.begin().instance
            await shop.simulation.settle()
            let child = try #require(try await instances(of: "called", in: shop).first)
            #expect(try await engine.instance(child)?.parent == ParentCall(instance: parent, call: 1))
            #expect(try await shop.end(of: parent) == nil)
            #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
            await shop.simulation.settle()
            #expect(try await shop.end(of: child) == .completed)
            #expect(try await shop.end(of: parent) == .completed)
            #expect(try await shop.store.inbox(at: shop.simulation.clock.now, limit: 10).isEmpty)
        }
    }

    @Test func `a called instance has the correlation id, the user and the priority of its caller`() throws {
        try run(Self.caller, also: [("called", Model.sequence("work", process: "called"))]) { shop, engine in
            let plain = try await engine.begin().instance
            await shop.simulation.settle()
            let first = try #require(try await instances(of: "called", in: shop).first)
            #expect(try await engine.instance(first)?.labels.correlationID == plain.text)
            let task = try await engine.take("work")
            #expect(task.priority == 0 && task.correlationID == plain.text && task.runAs == nil)
            _ = try await engine.start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    labels: InstanceLabels(runAs: "anna", correlationID: "order-7"), priority: 4), key: nil)
            await shop.simulation.settle()
            let second = try #require(try await instances(of: "called", in: shop).last)
            let state = try #require(try await engine.instance(second))
            #expect(state.labels.correlationID == "order-7" && state.labels.runAs == "anna")
            let inherited = try await engine.take("work")
            #expect(inherited.priority == 4 && inherited.correlationID == "order-7" && inherited.runAs == "anna")
        }
    }

    @Test func `a call of what is not deployed is an incident, and goes on when it is there`() throws {
        try run(Self.caller) { shop, engine in
            let parent = try await engine.begin().instance
            await shop.simulation.settle()
            let incident = try #require(try await engine.instance(parent)?.openIncidents.first)
            #expect(incident.message.contains("called"), "\(incident.message)")
            try await shop.deploy(Model.sequence("work", process: "called"), process: "called")
            _ = try await engine.retry(parent, incident: nil, retries: nil)
            await shop.simulation.settle()
            #expect(try await instances(of: "called", in: shop).count == 1)
        }
    }

    @Test func `a canceled caller cancels what it called`() throws {
        try run(Self.caller, also: [("called", Model.sequence("work", process: "called"))]) { shop, engine in
            let parent = try await engine.begin().instance
            await shop.simulation.settle()
            let child = try #require(try await instances(of: "called", in: shop).first)
            _ = try await engine.cancel(parent, reason: "enough")
            await shop.simulation.settle()
            #expect(try await shop.end(of: child) == .canceled(reason: "its call was canceled"))
        }
    }

    @Test func `a caller that is canceled at once leaves no orphan`() throws {
        try run(Self.caller, also: [("called", Model.sequence("work", process: "called"))]) { shop, engine in
            let parent = try await engine.begin().instance
            _ = try await engine.cancel(parent, reason: "enough")
            await shop.simulation.settle()
            await shop.simulation.pass(.seconds(3))
            for child in try await instances(of: "called", in: shop) {
                #expect(try await shop.end(of: child) == .canceled(reason: "its call was canceled"))
            }
            #expect(try await shop.store.inbox(at: shop.simulation.clock.now, limit: 10).isEmpty)
        }
    }

    @Test func `two engines apply a call, and its end, once`() throws {
        try Workshop.runTwo(Self.caller, try Model.contract("work")) { shop, one, two in
            try await shop.deploy(Model.sequence("work", process: "called"), process: "called")
            var parents: [InstanceID] = []
            for _ in 0..<20 { parents.append(try await one.begin().instance) }
            await shop.simulation.pass(.seconds(3))
            #expect(try await instances(of: "called", in: shop).count == 20)
            for _ in 0..<20 { _ = try await two.report(try await two.take("work"), .done) }
            await shop.simulation.pass(.seconds(3))
            for parent in parents { #expect(try await shop.end(of: parent) == .completed) }
            #expect(try await instances(of: "called", in: shop).count == 20)
        }
    }

    // MARK: Messages

    @Test func `a thrown message reaches one who waits`() throws {
        try run(Self.waiting, also: [("q", Self.throwing)]) { shop, engine in
            let first = try await engine.begin().instance
            let second = try await engine.begin().instance
            _ = try await engine.begin("q")
            await shop.simulation.settle()
            let ends = [try await shop.end(of: first), try await shop.end(of: second)]
            #expect(ends.count(where: { $0 == .completed }) == 1)
            _ = try await engine.begin("q")
            await shop.simulation.settle()
            #expect(try await shop.end(of: first) == .completed)
            #expect(try await shop.end(of: second) == .completed)
        }
    }

    @Test func `a message waits for somebody, but not for ever`() throws {
        try run(Self.waiting, also: [("q", Self.throwing)]) { shop, engine in
            _ = try await engine.begin("q")
            await shop.simulation.settle()
            let late = try await engine.begin().instance
            await shop.simulation.settle()
            #expect(try await shop.end(of: late) == .completed)
            _ = try await engine.begin("q")
            await shop.simulation.pass(.seconds(3700))
            let tooLate = try await engine.begin().instance
            await shop.simulation.pass(.seconds(5))
            #expect(try await shop.end(of: tooLate) == nil)
        }
    }

    @Test func `a message starts the process that begins with it`() throws {
        let started = Self.model(
            """
            <startEvent id="start"><messageEventDefinition messageRef="m"/></startEvent>\(Model.task("t", "work"))
            <endEvent id="end"/>\(Model.chain("start", "t", "end"))
            """, process: "r")
        try run(Self.throwing.withProcess("p"), also: [("r", started)]) { shop, engine in
            _ = try await engine.begin()
            await shop.simulation.settle()
            #expect(try await instances(of: "r", in: shop).count == 1)
            #expect(try await engine.poll("work").count == 1)
        }
    }

    // MARK: Signals

    @Test func `a signal reaches everybody who waits, and starts processes`() throws {
        let waits = Self.model(
            """
            <startEvent id="start"/><intermediateCatchEvent id="wait"><signalEventDefinition signalRef="s"/>
            </intermediateCatchEvent><endEvent id="end"/>\(Model.chain("start", "wait", "end"))
            """)
        let throwing = Self.model(
            """
            <startEvent id="start"/><endEvent id="end"><signalEventDefinition signalRef="s"/></endEvent>
            \(Model.chain("start", "end"))
            """, process: "q")
        let started = Self.model(
            """
            <startEvent id="start"><signalEventDefinition signalRef="s"/></startEvent><endEvent id="end"/>
            \(Model.chain("start", "end"))
            """, process: "r")
        try run(waits, also: [("q", throwing), ("r", started)]) { shop, engine in
            var waiting: [InstanceID] = []
            for _ in 0..<5 { waiting.append(try await engine.begin().instance) }
            _ = try await engine.begin("q")
            await shop.simulation.settle()
            for instance in waiting { #expect(try await shop.end(of: instance) == .completed) }
            #expect(try await instances(of: "r", in: shop).count == 1)
        }
    }

    @Test func `a message for all is given once to everyone who waits, and without anybody it waits`() throws {
        try run(Self.waiting) { shop, engine in
            let events = EventService(
                engine: engine, store: shop.store, registry: shop.registry, time: shop.simulation.clock)
            var message = EventService.Message(name: "paid")
            message.all = true
            _ = try await events.publish(message)
            await shop.simulation.settle()
            var begun: [InstanceID] = []
            for _ in 0..<3 {
                let start = Command.Start(definition: DefinitionID(process: "p", version: 1))
                begun.append(try await engine.start(start, key: nil).instance)
                await shop.simulation.settle()
            }
            // The first found the message waiting; the others came after it.
            #expect(try await shop.end(of: begun[0]) == .completed)
            #expect(try await shop.end(of: begun[1]) == nil)
            _ = try await events.publish(message)
            await shop.simulation.settle()
            for instance in begun { #expect(try await shop.end(of: instance) == .completed) }
        }
    }

    @Test func `a start event that takes a message and a signal makes one instance of both`() throws {
        let source = Self.model(
            """
            <startEvent id="start" parallelMultiple="true"><messageEventDefinition messageRef="m"/>
            <signalEventDefinition signalRef="s"/></startEvent><endEvent id="end"/>\(Model.chain("start", "end"))
            """)
        try run(source) { shop, engine in
            let events = EventService(
                engine: engine, store: shop.store, registry: shop.registry, time: shop.simulation.clock)
            for isMessageFirst in [true, false] {
                for isMessage in [isMessageFirst, !isMessageFirst] {
                    _ =
                        isMessage
                        ? try await events.publish(EventService.Message(name: "paid"))
                        : try await events.signal("alarm", variables: [])
                    await shop.simulation.settle()
                }
            }
            let begun = try await instances(of: "p", in: shop)
            #expect(begun.count == 2)
            for instance in begun { #expect(try await shop.end(of: instance) == .completed) }
        }
    }

    // MARK: Conditions

    @Test func `a conditional start event starts its process when it holds for variables that somebody names`() throws {
        let source = Self.model(
            """
            <startEvent id="start"><conditionalEventDefinition><condition>= amount &gt; 10</condition>
            </conditionalEventDefinition></startEvent>\(Model.task("t", "work"))<endEvent id="end"/>
            \(Model.chain("start", "t", "end"))
            """)
        try run(source) { shop, engine in
            let events = EventService(
                engine: engine, store: shop.store, registry: shop.registry, time: shop.simulation.clock)
            for (amount, expected) in [(5, 0), (11, 1)] {
                let started = try await events.evaluateConditions([Variable(name: "amount", value: .number(amount))])
                #expect(started.count == expected)
            }
            #expect(try await instances(of: "p", in: shop).count == 1)
        }
    }

    @Test func `a call bound to a version tag runs the version that has it`() throws {
        let caller = Self.model(
            """
            <startEvent id="start"/><callActivity id="call" calledElement="called"
              xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:calledElementBinding="versionTag"
              camunda:calledElementVersionTag="blue"/><endEvent id="end"/>\(Model.chain("start", "call", "end"))
            """)
        func called(_ tag: String) -> [UInt8] {
            let text = String(decoding: Model.sequence("work", process: "called"), as: UTF8.self)
            return Array(
                text.replacing(
                    "<process ",
                    with: "<process xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" camunda:versionTag=\"\(tag)\" "
                ).utf8)
        }
        try run(caller, also: [("called", called("red")), ("called", called("blue")), ("called", called("green"))]) {
            shop, engine in
            _ = try await engine.begin()
            await shop.simulation.settle()
            let child = try #require(try await instances(of: "called", in: shop).first)
            #expect(try await engine.instance(child)?.definition?.version == 2)
        }
    }

    // MARK: Timers

    @Test func `a timer start event starts its process as often as it says, whichever engine sees it`() throws {
        let source = Self.model(
            """
            <startEvent id="start"><timerEventDefinition><timeCycle>R3/PT10S</timeCycle></timerEventDefinition></startEvent>
            <endEvent id="end"/>\(Model.chain("start", "end"))
            """)
        try Workshop.runTwo(source, try Model.contract("work")) { shop, _, _ in
            var counts: [Int] = []
            for seconds in [5, 7, 60] {
                await shop.simulation.pass(.seconds(seconds))
                counts.append(try await instances(of: "p", in: shop).count)
            }
            #expect(counts == [0, 1, 3])
        }
    }
}

extension [UInt8] {
    /// The same model for another process.
    fileprivate func withProcess(_ name: String) -> [UInt8] {
        Array(String(decoding: self, as: UTF8.self).replacing("process id=\"q\"", with: "process id=\"\(name)\"").utf8)
    }
}
