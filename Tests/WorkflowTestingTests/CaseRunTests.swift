import Testing
import Values
import WorkflowTesting

/// What mocks, steps and time do in a test.
struct CaseRunTests {
    @Test func `a mock answers the tasks of its contract, a test's own wins over the file's`() throws {
        let found = try failures(
            """
            mocks: {work@1: {output: {n: 1}}}
            tests:
              - {name: a, expect: {variables: {n: 1}, path: [start, work, end]}}
              - {name: b, mocks: {work: {output: {n: 2}}}, expect: {variables: {n: 2}}}
              - {name: c, mocks: {work: {output: {n: 3}}}, expect: {variables: {n: 2}}}
            """, in: project(oneTask))

        #expect(found == ["5: variables.n: expected 2, found 3"])
    }

    @Test func `answers come in order, and failures are tried again after the pause of the contract`() throws {
        let contract =
            "{kind: task, name: work, version: '1.0', retry: {maxAttempts: 3, backoff: PT10S, multiplier: 2}}"
        let found = try failures(
            """
            tests:
              - name: a
                mocks: {work: [{fail: no}, {fail: no}, {output: {n: 1}}]}
                expect: {elapsed: PT30S, variables: {n: 1}}
              - name: b
                mocks: {work: [{fail: no}, {fail: no}, {fail: never}]}
                expect: {elapsed: PT30S, incidents: [{element: work, kind: task-failed, message: never}]}
            """, in: project(oneTask, contracts: [contract]))

        #expect(found == [])
    }

    @Test func `an answer may depend on the input`() throws {
        let found = try failures(
            """
            mocks: {work: [{when: = size > 10, output: {kind: large}}, {output: {kind: small}}]}
            tests:
              - {name: a, given: {variables: {size: 11}}, expect: {variables: {kind: large}}}
              - {name: b, given: {variables: {size: 1}}, expect: {variables: {kind: small}}}
            """, in: project(oneTask))

        #expect(found == [])
    }

    /// start → work (boundary timer PT5M, not interrupting → note) → end
    @Test func `time passes where a step or a slow answer lets it, and timers fire on the way`() throws {
        let model = bpmn(
            startAndEnd + task("work", "work@1") + task("note", "note@1")
                + """
                <boundaryEvent id="late" attachedToRef="work" cancelActivity="false"><timerEventDefinition>\
                <timeDuration>PT5M</timeDuration></timerEventDefinition></boundaryEvent>
                """ + chain("start", "work", "end") + chain("late", "note"))
        let found = try failures(
            """
            mocks: {note: {output: {}}}
            tests:
              - {name: quick, mocks: {work: {output: {}}}, expect: {notVisited: [late], elapsed: PT0S}}
              - {name: slow, mocks: {work: {after: PT6M, output: {}}}, expect: {visited: [late, note], elapsed: PT6M}}
              - {name: fired, steps: [{fire: late}], expect: {waiting: [work], visited: [note], elapsed: PT5M}}
              - {name: before, steps: [{advance: PT4M}], expect: {waiting: [work], notVisited: [late]}}
              - {name: after, steps: [{advance: PT4M}, {advance: PT2M}, {complete: work}], expect: {visited: [late]}}
            """, in: project(model))

        #expect(found == [])
    }

    /// start → approve (user) → paid (message) → end, all of it stopped by a signal
    @Test func `people, messages and signals come by steps, each when it can`() throws {
        let model = bpmn(
            startAndEnd + task("work", "work@1") + "<userTask id=\"approve\"/>"
                + "<receiveTask id=\"paid\" messageRef=\"M\"/>"
                    + """
                    <subProcess id="stopped" triggeredByEvent="true"><startEvent id="halt"><signalEventDefinition \
                    signalRef="S"/></startEvent></subProcess>
                    """ + chain("start", "work", "approve", "paid", "end"))
        let found = try failures(
            """
            mocks: {work: {after: PT1H, output: {}}}
            tests:
              - name: all
                steps:
                  - {complete: approve, variables: {by: anna}}
                  - expect: {waiting: [paid]}
                  - {message: paid, variables: {amount: 3}}
                expect: {variables: {by: anna, amount: 3}, elapsed: PT1H}
              - {name: stopped, steps: [{signal: stop}], expect: {path: [work, halt], notVisited: [approve]}}
              - {name: unheard, steps: [{signal: nonsense}], expect: {}}
              - {name: unheard too, steps: [{message: nonsense}], expect: {}}
            """, in: project(model))

        let places = found.map { $0.split(separator: " ").first.map(String.init) }
        #expect(places == ["10:", "11:"])
        #expect(found.allSatisfy { $0.contains("nothing waits for the") && $0.contains("it waits at approve") })
    }

    @Test func `a message that comes too early is kept, and for no longer than it lives`() throws {
        let model = bpmn(
            startAndEnd + "<userTask id=\"first\"/><receiveTask id=\"paid\" messageRef=\"M\"/>"
                + chain("start", "first", "paid", "end"))
        let found = try failures(
            """
            tests:
              - name: kept
                steps: [{message: paid, variables: {amount: 3}}, {advance: PT59M}, {complete: first}]
                expect: {variables: {amount: 3}}
              - name: too late
                steps: [{message: paid, timeToLive: PT10M}, {advance: PT11M}, {complete: first}]
                expect: {waiting: [paid]}
              - name: never taken
                steps: [{message: paid}, {advance: PT2H}, {complete: first}]
                expect: {waiting: [paid]}
            """, in: project(model))
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.hasPrefix("9:") && $0.contains("nothing waits for the message paid") })
    }

    @Test func `a called process runs for real, or is mocked`() throws {
        let caller = bpmn(
            startAndEnd
                + "<callActivity id=\"call\" calledElement=\"q\"><extensionElements><camunda:out variables=\"all\"/>"
                + "</extensionElements></callActivity>" + chain("start", "call", "end"))
        let called = bpmn(startAndEnd + task("inner", "work@1") + chain("start", "inner", "end"), process: "q")
        let found = try failures(
            """
            process: p
            tests:
              - {name: real, mocks: {inner: {output: {n: 1}}}, expect: {variables: {n: 1}, path: [call, q/start, q/inner]}}
              - {name: mocked, mocks: {call: {output: {n: 2}}}, expect: {variables: {n: 2}, exactPath: [start, call, end]}}
              - {name: open, expect: {waiting: [q/inner]}}
            """, in: project(caller, called))

        #expect(found == [])
    }

    @Test func `a BPMN error, an incident and a refused start are ends like others`() throws {
        let contract =
            "{kind: task, name: work, version: '1.0', input: {type: object, required: [n], properties: {n: {type: number}}}, errors: [{code: BAD}]}"
        let workflow =
            "{kind: workflow, name: flow, version: '1.0', process: p, input: {type: object, properties: {n: {default: 1}}}}"
        let found = try failures(
            """
            tests:
              - {name: error, mocks: {work: {error: BAD}}, expect: {error: BAD}}
              - {name: default, expect: {waiting: [work], tasks: {work: {count: 1, input: {n: 1}}}}}
              - {name: unfit, given: {input: {n: x}}, expect: {rejection: "cannot reach its first wait state"}}
              - {name: wrong, given: {input: {m: 1}}, expect: {rejection: has no input}}
              - {name: unexpected, mocks: {work: {error: BAD}}, expect: {state: Completed}}
            """, in: project(oneTask, contracts: [contract, workflow]))

        #expect(found == ["6: state: expected Completed, found CompletedWithError: BAD"])
    }

    @Test func `decisions are made for real`() throws {
        let decision = """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
            <inputData id="i" name="n"><variable name="n" typeRef="number"/></inputData>
            <decision id="size" name="size"><variable name="size" typeRef="string"/>
            <informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>
            <literalExpression><text>if n > 10 then "large" else "small"</text></literalExpression></decision></definitions>
            """
        let model = bpmn(
            startAndEnd
                + "<businessRuleTask id=\"rule\" camunda:decisionRef=\"size\" camunda:mapDecisionResult=\"singleEntry\" camunda:resultVariable=\"size\"/>"
                + chain("start", "rule", "end"))
        let found = try failures(
            """
            tests:
              - {name: a, given: {variables: {n: 11}}, expect: {variables: {size: large}, conditions: [= n > 1]}}
              - {name: b, given: {variables: {n: 1}}, expect: {variables: {size: small}, conditions: [= n > 1]}}
            """, in: project(model, decisions: [decision]))

        #expect(found == ["3: conditions: expected n > 1, found n = 1"])
    }

    @Test func `a loop that never ends ends the test`() throws {
        let model = bpmn(
            startAndEnd + task("work", "work@1")
                + "<exclusiveGateway id=\"again\" default=\"again-work\"/>" + chain("start", "work", "again", "work")
                + "<sequenceFlow id=\"out\" sourceRef=\"again\" targetRef=\"end\"><conditionExpression>= done</conditionExpression></sequenceFlow>"
        )
        let found = try failures("tests: [{name: a, mocks: {work: {output: {}}}, expect: {}}]", in: project(model))

        #expect(found.count == 1)
        #expect(found.first?.contains("answers at one moment") == true)
    }
}
