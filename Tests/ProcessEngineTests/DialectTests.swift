import Expressions
import ProcessEngine
import Testing
import Values

/// The small print of the two Camunda dialects and of BPMN itself.
struct DialectTests {
    // MARK: Calls

    @Test(arguments: [("zeebe", "7"), ("camunda", "null")])
    func `output mappings of a Zeebe call see what the called process gives`(dialect: String, expected: String) throws {
        let inside =
            dialect == "zeebe"
            ? """
            <zeebe:calledElement processId="q" propagateAllChildVariables="false"/>
            <zeebe:ioMapping><zeebe:output source="= x" target="y"/></zeebe:ioMapping>
            """
            : """
            <camunda:inputOutput><camunda:outputParameter name="y">${execution.getVariable('x')}</camunda:outputParameter>
            </camunda:inputOutput>
            """
        let called = dialect == "zeebe" ? "" : "calledElement=\"q\""
        let text = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" \(called)><extensionElements>\(inside)</extensionElements>
            </callActivity>\(user("u"))\(chain("s", "c", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.endCall(call: 1, .completed([Variable(name: "x", value: .number(7))])))
        #expect(scenario.root("y") == expected)
        #expect(scenario.root("x") == nil)
    }

    @Test func `an expression says which version is called`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" calledElement="q" camunda:calledElementBinding="version"
            camunda:calledElementVersion="${v}"/>\(chain("s", "c"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("v", "3")])
        #expect(scenario.instance.openCalls.map(\.target.binding) == [.version(3)])
        var wrong = try Scenario(text)
        #expect(rejection { try wrong.start([("v", "\"new\"")]) }?.reason == .stuck)
    }

    // MARK: Expressions

    @Test func `a business rule task can be an expression`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><businessRuleTask id="t" camunda:expression="${1}" camunda:resultVariable="r"/>\(user("u"))
            \(chain("s", "t", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.root("r") == "1")
    }

    @Test func `a condition can be the word true`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><exclusiveGateway id="g" default="g-b"/>\(user("a"))\(user("b"))
            \(chain("s", "g"))\(flow("g", "a", "true"))\(flow("g", "b"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["a"])
    }

    @Test func `an expression says which error is thrown`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sp"><startEvent id="i"/><endEvent id="e"><errorEventDefinition
            errorRef="D"/></endEvent>\(chain("i", "e"))</subProcess>\(chain("s", "sp"))
            \(boundary("b", on: "sp", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared + "<error id='D' errorCode='= c'/>")
        var scenario = try Scenario(text)
        try scenario.start([("c", "\"BAD\"")])
        #expect(scenario.active == ["after-b"])
    }

    @Test(arguments: [
        ("externalTask.topicName == 't'", true), ("externalTask.getActivityId() == 't'", true),
        ("externalTask.retries == 0", false), ("externalTask.errorMessage != null", false),
    ])
    func `an error definition sees the external task when it completes`(condition: String, isError: Bool) throws {
        let inside = """
            <extensionElements><camunda:errorEventDefinition errorRef="E1" expression="${\(condition)}"/></extensionElements>
            """
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t", inside: inside))\(user("z"))\(chain("s", "t", "z"))
            \(boundary("b", on: "t", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.complete("t")
        #expect(scenario.active == [isError ? "after-b" : "z"])
    }

    @Test func `what is not known of an external task is refused`() {
        let inside = """
            <extensionElements><camunda:errorEventDefinition errorRef="E1" expression="${externalTask.workerId == 'w'}"/>
            </extensionElements>
            """
        let text = bpmn(
            "<startEvent id='s'/>\(task("t", inside: inside))\(chain("s", "t"))", declarations: declared)
        #expect(problems(text).map(\.code) == ["host-language"])
    }

    @Test func `a task carries the headers and properties that its model gives along`() throws {
        let inside = """
            <extensionElements><zeebe:taskDefinition type="t"/><zeebe:taskHeaders><zeebe:header key="a" value="1"/>
            <zeebe:header key="b"/></zeebe:taskHeaders><camunda:properties><camunda:property name="a" value="2"/>
            </camunda:properties></extensionElements>
            """
        let task = try #require(
            definition(bpmn("<startEvent id='s'/><serviceTask id='t'>\(inside)</serviceTask>\(chain("s", "t"))"))
                .serviceTasks.first)
        #expect(task.properties == [Variable(name: "a", value: .string("2")), Variable(name: "b", value: .string(""))])
    }

    // MARK: Timers

    @Test func `a catch event with a cycle waits for its first time`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c"><timerEventDefinition><timeCycle>R2/PT1H</timeCycle>
            </timerEventDefinition></intermediateCatchEvent>\(chain("s", "c"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.fire("c")
        #expect(scenario.now.iso8601 == "2026-01-01T01:00:00.000Z")
        #expect(scenario.instance.end == .completed)
    }

    @Test(arguments: [
        ("R3/PT1H/2026-01-01T10:00:00Z", ["07", "08", "09"]), ("R/PT1H/2026-01-01T02:30:00Z", ["00", "01", "02"]),
        ("R5/PT4H/2026-01-01T09:00:00Z", ["01", "05", "09"]),
    ])
    func `a cycle with an end is counted back from there`(cycle: String, hours: [String]) throws {
        let timer = "<timerEventDefinition><timeCycle>\(cycle)</timeCycle></timerEventDefinition>"
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            <boundaryEvent id="b" attachedToRef="u" cancelActivity="false">\(timer)</boundaryEvent><endEvent id="e"/>
            \(chain("b", "e"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        var fired: [String] = []
        while let timer = scenario.instance.openTimers.first, fired.count < 10 {
            try scenario.fire("b")
            fired.append(String(timer.dueAt.iso8601.dropFirst(11).prefix(2)))
        }
        #expect(fired == hours)
    }

    // MARK: Events

    @Test func `a Zeebe condition looks only at the variables of its filter`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c"><conditionalEventDefinition><extensionElements>
            <zeebe:conditionalFilter variableNames="y, z"/></extensionElements><condition>= x > 1</condition>
            </conditionalEventDefinition></intermediateCatchEvent>\(chain("s", "c"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("x", "0")])
        try scenario.set("x", "5")
        #expect(scenario.active == ["c"])
        try scenario.set("y", "1")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `an end event maps its outputs`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><endEvent id="e"><extensionElements><zeebe:ioMapping>
            <zeebe:output source="= 5" target="o"/></zeebe:ioMapping></extensionElements></endEvent>\(chain("s", "e"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.root("o") == "5")
        #expect(scenario.instance.end == .completed)
    }

    @Test(arguments: [true, false])
    func `the runs of a loop add to its standard output`(isSequential: Bool) throws {
        let marker = """
            <multiInstanceLoopCharacteristics isSequential="\(isSequential)"><loopDataInputRef>items</loopDataInputRef>
            <loopDataOutputRef>outs</loopDataOutputRef><inputDataItem id="i" name="it"/><outputDataItem id="o" name="res"/>
            </multiInstanceLoopCharacteristics>
            """
        let text = bpmn("<startEvent id='s'/>\(user("u", inside: marker))\(user("z"))\(chain("s", "u", "z"))")
        var scenario = try Scenario(text)
        try scenario.start([("items", "[1,2]")])
        try scenario.finish("u", [("res", "7")])
        try scenario.finish("u", [("res", "8")])
        #expect(scenario.root("outs") == "[7,8]")
        #expect(scenario.root("res") == nil)
    }

    @Test(arguments: [true, false])
    func `compensation that nobody waits for runs beside what comes next`(waits: Bool) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))<boundaryEvent id="ca" attachedToRef="a">\(compensation)</boundaryEvent>
            <userTask id="ua" isForCompensation="true"/><association id="as" sourceRef="ca" targetRef="ua"/>
            <intermediateThrowEvent id="t"><compensateEventDefinition waitForCompletion="\(waits)"/>
            </intermediateThrowEvent>\(user("z"))\(chain("s", "a", "t", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == (waits ? ["t", "ua"] : ["ua", "z"]))
        guard !waits else { return }
        try scenario.finish("z")
        #expect(scenario.instance.end == nil)
        try scenario.finish("ua")
        #expect(scenario.instance.end == .completed)
    }

    // MARK: What is interrupted

    private static let mapped = """
        <extensionElements><camunda:inputOutput><camunda:inputParameter name="in">${x}</camunda:inputParameter>
        <camunda:outputParameter name="o">${in + 1}</camunda:outputParameter></camunda:inputOutput></extensionElements>
        """

    /// Camunda 7 maps outputs unless it is told not to (skipOutputMappingOnCanceledActivities); Camunda 8 does not.
    @Test(arguments: [
        (user("h", inside: mapped), "6"), (task("h", inside: mapped), "6"),
        ("<subProcess id='h'>\(mapped)<startEvent id='i'/>\(user("u"))\(chain("i", "u"))</subProcess>", "6"),
        (user("h", inside: mapped.replacing("${in + 1}", with: "${in.no.such}")), "null"),
        (
            user(
                "h",
                inside:
                    "<extensionElements><zeebe:ioMapping><zeebe:output source='= 6' target='o'/></zeebe:ioMapping></extensionElements>"
            ), "null"
        ),
    ])
    func `outputs of Camunda 7 are mapped though their activity is interrupted`(host: String, expected: String) throws {
        let text = bpmn(
            "<startEvent id='s'/>\(host)\(chain("s", "h"))\(boundary("b", on: "h", messageM))", declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start([("x", "5")])
        try scenario.correlate("b")
        #expect(scenario.active == ["after-b"])
        #expect((scenario.root("o") ?? "null") == expected)
        #expect(scenario.root("in") == nil)
    }

    @Test func `an instance that is canceled maps nothing any more`() throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("h", inside: Self.mapped))\(chain("s", "h"))"))
        try scenario.start([("x", "5")])
        try scenario.send(.cancel(reason: "enough"))
        #expect(scenario.root("o") == nil)
    }

    // MARK: Job types

    @Test func `an expression says the type of a job and its attempts, from its input too`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t"><extensionElements>
            <zeebe:taskDefinition type='= "job-" + k' retries="= r"/><zeebe:ioMapping>
            <zeebe:input source="= kind" target="k"/></zeebe:ioMapping></extensionElements></serviceTask>\(chain("s", "t"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("kind", "\"x\""), ("r", "2")])
        let task = try #require(scenario.instance.openTasks.first)
        #expect(task.contract == ContractKey(name: "job-x", major: 1))
        #expect(task.retriesLeft == 2)
        try scenario.complete("t")
        #expect(scenario.instance.end == .completed)
        for wrong in [[("kind", "\" \""), ("r", "2")], [("kind", "\"x\""), ("r", "\"many\"")]] {
            var stuck = try Scenario(text)
            #expect(rejection { try stuck.start(wrong) }?.reason == .stuck)
        }
    }

    @Test func `a topic may be JUEL; the contract of ours may not`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" camunda:type="external" camunda:topic="${kind}@2"/>\(chain("s", "t"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("kind", "\"a.b\"")])
        #expect(scenario.instance.openTasks.map(\.contract) == [ContractKey(name: "a.b", major: 2)])
        let ours = text.replacing("camunda:type=\"external\" camunda:topic=", with: "waybill:contract=")
        #expect(problems(ours).map(\.code) == ["invalid-contract"])
    }
}
