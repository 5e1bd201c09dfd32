import Expressions
import ProcessEngine
import Testing
import Values
import XMLReader

struct DefinitionReadingTests {
    @Test func `reads what a model says, and carries what only people read`() throws {
        let model = try definition(
            bpmn(
                """
                <documentation>text</documentation>
                <laneSet id="lanes"><lane id="lane"><flowNodeRef>s</flowNodeRef></lane></laneSet>
                <startEvent id="s" name="Start"/><dataObject id="d"/><dataObjectReference id="dr" dataObjectRef="d"/>
                \(task("t", contract: "media.transcode@2.1"))
                <endEvent id="e"/><textAnnotation id="a"><text>note</text></textAnnotation>
                <association id="as" sourceRef="t" targetRef="a"/>
                \(chain("s", "t", "e"))
                """, declarations: "<collaboration id='c'><participant id='pa' processRef='p'/></collaboration>"))
        #expect(model.process == "p")
        #expect(model.elements.map(\.id.text) == ["s", "t", "e"])
        #expect(model.flows.map(\.id.text) == ["s-t", "t-e"])
        #expect(model.name(of: ElementID("s")) == "Start")
        #expect(model.serviceTasks.map(\.contract) == [ContractKey(name: "media.transcode", major: 2)])
        #expect(model.warnings.isEmpty)
        #expect((model.position(of: ElementID("t"))?.line ?? 0) > 5)
    }

    @Test(arguments: [
        ("waybill:contract=\"a.b@3\"", "", "a.b@3"), ("waybill:contract=\"a.b@3.7\"", "", "a.b@3"),
        ("waybill:contract=\"a.b\"", "", "a.b@1"),
        ("camunda:type=\"external\" camunda:topic=\"a\"", "", "a@1"),
        ("camunda:type=\"external\" camunda:topic=\"a@0\"", "", "a@0"),
        ("", "<zeebe:taskDefinition type=\"z@2\" retries=\"7\"/>", "z@2"),
    ])
    func `reads each way to name a contract`(attributes: String, inside: String, expected: String) throws {
        let model = try definition(
            bpmn(
                """
                <startEvent id="s"/>
                <serviceTask id="t" \(attributes)><extensionElements>\(inside)</extensionElements></serviceTask>
                \(chain("s", "t"))
                """))
        let read = try #require(model.serviceTasks.first)
        #expect(read.contract?.description == expected)
        #expect(read.retries?.constantValue == (inside.isEmpty ? nil : .number(7)))
    }

    /// One line each: the inside of a process that lacks nothing else, and the code and element of its only problem.
    @Test(
        arguments: [
            ("<choreographyTask id=\"x\"/>", "unsupported-element", "x"),
            ("<callActivity id=\"x\"/>", "missing-reference", "x"),
            ("<callActivity id=\"x\" camunda:caseRef=\"q\"/>", "unsupported-element", "x"),
            (
                "<intermediateCatchEvent id=\"x\"><messageEventDefinition/></intermediateCatchEvent>",
                "missing-reference", "x"
            ),
            (
                "<intermediateCatchEvent id=\"x\"><signalEventDefinition/></intermediateCatchEvent>",
                "missing-reference", "x"
            ),
            (
                "<intermediateCatchEvent id=\"x\"><conditionalEventDefinition/></intermediateCatchEvent>",
                "invalid-condition", "x"
            ),
            ("<intermediateCatchEvent id=\"x\"/>", "unsupported-element", "x"),
            (
                "<intermediateThrowEvent id=\"x\"><timerEventDefinition/></intermediateThrowEvent>",
                "unsupported-element", "x"
            ),
            ("<subProcess id=\"x\" triggeredByEvent=\"true\"/>", "invalid-start-event", "x"),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><multiInstanceLoopCharacteristics/></serviceTask>",
                "invalid-loop", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><standardLoopCharacteristics/></serviceTask>",
                "invalid-loop", "x"
            ),
            ("<scriptTask id=\"x\" scriptFormat=\"groovy\"><script>1</script></scriptTask>", "host-language", "x"),
            ("<userTask id=\"x\" camunda:assignee=\"${execution.processEngineServices}\"/>", "host-language", "x"),
            ("<sendTask id=\"x\" camunda:delegateExpression=\"${a}\"/>", "host-language", "x"),
            ("<sendTask id=\"x\"/>", "no-contract", "x"),
            ("<businessRuleTask id=\"x\"/>", "no-decision", "x"),
            (
                "<eventBasedGateway id=\"x\" eventGatewayType=\"Parallel\"/>",
                "invalid-gateway", "x"
            ),
            ("<serviceTask id=\"x\"/>", "no-contract", "x"),
            ("<serviceTask id=\"x\" camunda:type=\"mail\"/>", "host-language", "x"),
            ("<serviceTask id=\"x\" camunda:type=\"nothing\"/>", "no-contract", "x"),
            (
                "<callActivity id=\"x\" calledElement=\"p\" camunda:variableMappingClass=\"a.B\"/>",
                "host-language", "x"
            ),
            (
                "<callActivity id=\"x\" calledElement=\"p\" camunda:variableMappingDelegateExpression=\"${m}\"/>",
                "host-language", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><camunda:connector/></extensionElements></serviceTask>",
                "host-language", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><camunda:inputOutput><camunda:inputParameter name=\"n\"><camunda:script scriptFormat=\"groovy\">1</camunda:script></camunda:inputParameter></camunda:inputOutput></extensionElements></serviceTask>",
                "host-language", "x"
            ),
            ("<serviceTask id=\"x\" camunda:class=\"a.B\"/>", "host-language", "x"),
            ("<serviceTask id=\"x\" waybill:contract=\"a@b\"/>", "invalid-contract", "x"),
            ("<serviceTask id=\"x\" waybill:contract=\"a b\"/>", "invalid-contract", "x"),
            ("<serviceTask id=\"x\" waybill:contract=\"${t}\"/>", "invalid-contract", "x"),
            (
                "<serviceTask id=\"x\" waybill:contract=\"a@1\" camunda:type=\"external\" camunda:topic=\"b\"/>",
                "invalid-contract", "x"
            ),
            ("<serviceTask id=\"s\" waybill:contract=\"c\"/>", "duplicate-id", "s"),
            ("<exclusiveGateway/>", "missing-id", nil),
            ("<sequenceFlow id=\"x\" sourceRef=\"s\" targetRef=\"nowhere\"/>", "dangling-reference", "x"),
            ("<sequenceFlow id=\"x\" sourceRef=\"nowhere\" targetRef=\"e\"/>", "dangling-reference", "x"),
            ("<sequenceFlow id=\"x\" sourceRef=\"s\"/>", "missing-reference", "x"),
            ("<sequenceFlow id=\"x\" sourceRef=\"e\" targetRef=\"g\"/>", "invalid-flow", "x"),
            ("<sequenceFlow id=\"x\" sourceRef=\"s\" targetRef=\"s\"/>", "invalid-flow", "x"),
            (
                "<sequenceFlow id=\"x\" sourceRef=\"g\" targetRef=\"e\"><conditionExpression>${1 +}</conditionExpression></sequenceFlow>",
                "invalid-expression", "x"
            ),
            (
                "<sequenceFlow id=\"x\" sourceRef=\"g\" targetRef=\"e\"><conditionExpression>= 1 +</conditionExpression></sequenceFlow>",
                "invalid-expression", "x"
            ),
            (
                "<sequenceFlow id=\"x\" sourceRef=\"g\" targetRef=\"e\"><conditionExpression>a</conditionExpression></sequenceFlow>",
                "invalid-condition", "x"
            ),
            (
                "<sequenceFlow id=\"x\" sourceRef=\"g\" targetRef=\"e\"><conditionExpression language=\"groovy\">a</conditionExpression></sequenceFlow>",
                "host-language", "x"
            ),
            ("<serviceTask id=\"x\" waybill:contract=\"c\" default=\"no\"/>", "dangling-reference", "x"),
            (
                "<boundaryEvent id=\"x\" attachedToRef=\"no\"><errorEventDefinition/></boundaryEvent>",
                "dangling-reference", "x"
            ),
            (
                "<boundaryEvent id=\"x\" attachedToRef=\"g\"><errorEventDefinition/></boundaryEvent>",
                "invalid-boundary-event", "x"
            ),
            ("<boundaryEvent id=\"x\"><errorEventDefinition/></boundaryEvent>", "missing-reference", "x"),
            ("<endEvent id=\"x\"><errorEventDefinition/></endEvent>", "missing-error-code", "x"),
            ("<subProcess id=\"x\"/>", "no-start-event", "x"),
            (
                "<subProcess id=\"x\"><startEvent id=\"a\"/><startEvent id=\"b\"/></subProcess>",
                "several-start-events", "x"
            ),
            (
                "<subProcess id=\"y\"><startEvent id=\"a\"/><sequenceFlow id=\"x\" sourceRef=\"a\" targetRef=\"e\"/></subProcess>",
                "flow-crosses-scope", "x"
            ),
            ("<intermediateCatchEvent id=\"x\"><timerEventDefinition/></intermediateCatchEvent>", "invalid-timer", "x"),
            (
                "<intermediateCatchEvent id=\"x\"><timerEventDefinition><timeDuration>soon</timeDuration></timerEventDefinition></intermediateCatchEvent>",
                "invalid-timer", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><camunda:executionListener/></extensionElements></serviceTask>",
                "host-language", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><zeebe:subscription/></extensionElements></serviceTask>",
                "unsupported-extension", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><waybill:input name=\"a\" value=\"= (\"/></extensionElements></serviceTask>",
                "invalid-expression", "x"
            ),
            (
                "<serviceTask id=\"x\" waybill:contract=\"c\"><extensionElements><waybill:input value=\"1\"/></extensionElements></serviceTask>",
                "invalid-mapping", "x"
            ),
        ] as [(String, String, String?)])
    func `refuses what it does not run, with element and line`(inside: String, code: String, element: String?) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/>\(flow("s", "g"))<sequenceFlow id="d" sourceRef="g" targetRef="e"/>
            \(inside)
            """.replacing("id=\"g\"/>", with: "id=\"g\" default=\"d\"/>", maxReplacements: 1))
        let found = problems(text)
        #expect(found.map(\.code) == [code], "\(found)")
        #expect(found.first?.element == element)
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix(inside) }
        #expect(found.first?.position.line == line.map { $0 + 1 })
    }

    @Test func `reports everything wrong at once, in the order of the file`() throws {
        let found = problems(
            bpmn(
                """
                <userTask id="a"/>
                <scriptTask id="b"/>
                <sequenceFlow id="c" sourceRef="x" targetRef="y"/>
                """))
        #expect(
            found.map(\.code) == [
                "no-start-event", "host-language", "dangling-reference", "dangling-reference",
            ])
    }

    @Test func `a loop in which nothing ever waits is refused, unless a condition may lead out`() throws {
        func model(_ condition: String?) -> String {
            bpmn(
                """
                <startEvent id="s"/><exclusiveGateway id="m"/><task id="t"/><exclusiveGateway id="x"/><endEvent id="e"/>
                \(chain("s", "m", "t", "x"))\(flow("x", "m", condition))\(condition == nil ? "" : flow("x", "e", "= true"))
                """)
        }
        #expect(problems(model(nil)).map(\.code) == ["endless-loop"])
        #expect(problems(model("= again")).map(\.code) == [])
    }

    @Test func `a flow to an element that is refused is not refused again`() throws {
        #expect(
            problems(bpmn("<startEvent id='s'/><globalTask id='u'/>\(flow("s", "u"))")).map(\.code) == [
                "unsupported-element"
            ])
    }

    @Test(arguments: [
        ("<a/>", "not-bpmn"), ("<definitions/>", "not-bpmn"),
        ("<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>", "no-executable-process"),
        (bpmn("<startEvent id='s'/>", process: "id='p'"), "no-executable-process"),
    ])
    func `refuses what is no executable BPMN`(text: String, code: String) throws {
        #expect(problems(text).map(\.code) == [code])
    }

    @Test func `an exclusive gateway needs a condition or default on each of several flows`() throws {
        let found = problems(
            bpmn(
                "<startEvent id='s'/><exclusiveGateway id='g'/><endEvent id='e'/><endEvent id='f'/>\(chain("s", "g", "e"))\(flow("g", "f"))"
            ))
        #expect(found.map(\.code) == ["missing-condition", "missing-condition"])
        // With a default flow, even one is too many.
        let beside = problems(
            bpmn(
                "<startEvent id='s'/><exclusiveGateway id='g' default='g-f'/><endEvent id='e'/><endEvent id='f'/>\(chain("s", "g", "e"))\(flow("g", "f"))"
            ))
        #expect(beside.map(\.code) == ["missing-condition"])
    }

    @Test func `warns of what stops nobody`() throws {
        let model = try definition(
            bpmn(
                """
                <startEvent id="s"/><endEvent id="e"/><endEvent id="lonely"/>\(task("t"))\(chain("s", "t", "e"))
                <boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="nobody"/></boundaryEvent>
                """))
        #expect(model.warnings.map(\.code) == ["unreachable", "undeclared-error"])
    }

    /// Every attribute and every child of a model with one of everything is left out once, and every attribute emptied:
    /// each result is read or refused, and what is read runs.
    @Test func `survives anything missing`() throws {
        let whole = try XMLReader.read(Self.everything.utf8, file: "f")
        #expect(try ProcessDefinition.read(whole, file: "f").count == 1)
        var read = 0
        var refused = 0
        for variant in Self.variants(of: whole) {
            do {
                let definition = try #require(try ProcessDefinition.read(variant, file: "f").first)
                read += 1
                var scenario = Scenario(of: definition)
                for command in [
                    Command.start(Command.Start(definition: DefinitionID(process: definition.process, version: 1))),
                    .throwError(number: 1, BPMNError(code: "E")), .completeTask(number: 1, output: []),
                    .fireTimer(number: 1),
                    .fireTimer(number: 2), .completeTask(number: 2, output: []),
                    .resolveIncident(number: 1, retries: nil),
                ] {
                    _ = rejection { try scenario.send(command) }
                }
            } catch let problems as Diagnostics {
                #expect(!problems.all.isEmpty)
                refused += 1
            }
        }
        #expect(read > 20)
        #expect(refused > 20)
    }

    private static func variants(of node: SourceNode) -> [SourceNode] {
        var variants: [SourceNode] = []
        for index in node.attributes.indices {
            var without = node
            without.attributes.remove(at: index)
            var emptied = node
            emptied.attributes[index].value = ""
            variants += [without, emptied]
        }
        for index in node.children.indices {
            var without = node
            without.children.remove(at: index)
            variants.append(without)
            for child in Self.variants(of: node.children[index]) {
                var changed = node
                changed.children[index] = child
                variants.append(changed)
            }
        }
        return variants
    }

    private static let everything = bpmn(
        """
        <startEvent id="s"/><exclusiveGateway id="x" default="x-t"/>
        \(task("t", inside: """
            <extensionElements><waybill:input name="a" value="= 1"/><zeebe:taskDefinition type="t" retries="2"/>
            <camunda:inputOutput><camunda:outputParameter name="b"><camunda:list><camunda:value>1</camunda:value></camunda:list>
            </camunda:outputParameter></camunda:inputOutput></extensionElements>
            """))
        <boundaryEvent id="be" attachedToRef="t"><errorEventDefinition errorRef="E1"/></boundaryEvent>
        <boundaryEvent id="bt" attachedToRef="t" cancelActivity="false"><timerEventDefinition><timeCycle>R2/PT1S</timeCycle>
        </timerEventDefinition></boundaryEvent>
        <subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/><parallelGateway id="j"/>
        <intermediateCatchEvent id="w"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></intermediateCatchEvent>
        \(chain("in", "g", "w", "j"))\(flow("g", "j"))</subProcess>
        <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent><endEvent id="e"/>
        \(chain("s", "x", "t", "sub", "e"))\(flow("x", "sub", "= a = 1"))\(chain("be", "bad"))\(chain("bt", "e"))
        """, declarations: "<error id=\"E1\" errorCode=\"E\"/>")

    @Test func `reads every executable process of a file`() throws {
        let two = bpmn("<startEvent id='s'/>").replacing(
            "</definitions>", with: "<process id='q' isExecutable='true'><startEvent id='s2'/></process></definitions>")
        let read = try ProcessDefinition.read(XMLReader.read(two.utf8, file: "f"), file: "f")
        #expect(read.map(\.process) == ["p", "q"])
    }
}
