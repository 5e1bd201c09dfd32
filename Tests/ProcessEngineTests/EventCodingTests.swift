import ProcessEngine
import Testing
import Values

struct EventCodingTests {
    /// Every kind of event with every member, and what the journal holds for it. What stands here is read for ever: a
    /// line may be added, never changed.
    static let golden: [(event: Event, text: String)] = [
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "in:gest", version: 3), businessKey: "k\"1",
                    labels: InstanceLabels(
                        workflow: "media.ingest", workflowVersion: "1.2", objectID: "o", startedBy: "me",
                        metadata: [Variable(name: "m", value: .number(1))]))),
            #"{"e":"instanceStarted","definition":"in:gest:3","businessKey":"k\"1","workflow":"media.ingest","workflowVersion":"1.2","objectId":"o","startedBy":"me","metadata":["m",1]}"#
        ),
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "p", version: 1), businessKey: nil, labels: InstanceLabels())),
            #"{"e":"instanceStarted","definition":"p:1"}"#
        ),
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "p", version: 1), businessKey: nil,
                    labels: InstanceLabels(restartedFrom: InstanceID("i")))),
            #"{"e":"instanceStarted","definition":"p:1","restartedFrom":"i"}"#
        ),
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "p", version: 1), businessKey: "k",
                    labels: InstanceLabels(runAs: "ann", correlationID: "c"), priority: -3, uniqueKey: "=p k")),
            #"{"e":"instanceStarted","definition":"p:1","businessKey":"k","runAs":"ann","correlationId":"c","priority":-3,"uniqueKey":"=p k"}"#
        ),
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "p", version: 1), businessKey: nil, labels: InstanceLabels(),
                    parent: ParentCall(instance: InstanceID("i"), call: 2), caughtErrors: .codes(["A", "B"]))),
            #"{"e":"instanceStarted","definition":"p:1","parent":"i","call":2,"catches":["A","B"]}"#
        ),
        (.instanceEnded(.completed), #"{"e":"instanceEnded","state":"completed"}"#),
        (
            .instanceEnded(.completedWithError(code: "E", message: "m")),
            #"{"e":"instanceEnded","state":"completedWithError","code":"E","message":"m"}"#
        ),
        (
            .instanceEnded(.completedWithError(code: "E", message: nil)),
            #"{"e":"instanceEnded","state":"completedWithError","code":"E"}"#
        ),
        (.instanceEnded(.canceled(reason: "r")), #"{"e":"instanceEnded","state":"canceled","reason":"r"}"#),
        (
            .activityEntered(activity: 7, element: ElementID("t"), scope: 2),
            #"{"e":"activityEntered","activity":7,"element":"t","scope":2}"#
        ),
        (.activityCompleted(activity: 7), #"{"e":"activityCompleted","activity":7}"#),
        (.activityCanceled(activity: 7), #"{"e":"activityCanceled","activity":7}"#),
        (.flowTaken(flow: ElementID("f"), scope: 1), #"{"e":"flowTaken","scope":1,"flow":"f"}"#),
        (
            .tokenArrived(element: ElementID("j"), flow: ElementID("f"), scope: 1),
            #"{"e":"tokenArrived","scope":1,"element":"j","flow":"f"}"#
        ),
        (
            .tokensJoined(element: ElementID("j"), flows: [ElementID("f"), ElementID("g")], scope: 1),
            #"{"e":"tokensJoined","scope":1,"element":"j","flows":["f","g"]}"#
        ),
        (.scopeOpened(scope: 2, parent: 1, activity: 4), #"{"e":"scopeOpened","scope":2,"parent":1,"activity":4}"#),
        (.scopeClosed(scope: 2), #"{"e":"scopeClosed","scope":2}"#),
        (
            .variablesSet(
                scope: 1, [Variable(name: "a", value: raw("{ \"x\" : 1.50 }")), Variable(name: "a", value: .null)]),
            #"{"e":"variablesSet","scope":1,"variables":["a",{ "x" : 1.50 },"a",null]}"#
        ),
        (
            .outputKept(activity: 5, [Variable(name: "é", value: .string("ü\n"))]),
            #"{"e":"outputKept","activity":5,"variables":["é","ü\n"]}"#
        ),
        (.outputMapped(activity: 5), #"{"e":"outputMapped","activity":5}"#),
        (
            .taskCreated(
                Event.TaskCreated(
                    task: 9, activity: 5, element: ElementID("t"), contract: ContractKey(name: "a@b", major: 2),
                    priority: -1, retries: 3,
                    input: raw("{\"in\": [1,  2]}"))),
            #"{"e":"taskCreated","task":9,"activity":5,"element":"t","contract":"a@b@2","priority":-1,"retries":3,"input":{"in": [1,  2]}}"#
        ),
        (.taskCompleted(task: 9), #"{"e":"taskCompleted","task":9}"#),
        (
            .taskFailed(
                Event.TaskFailed(
                    task: 9, message: "m", details: "d", retriesLeft: 1,
                    dueAt: Timestamp(millisecondsSinceEpoch: 1_767_225_600_123))),
            #"{"e":"taskFailed","task":9,"message":"m","details":"d","retriesLeft":1,"dueAt":1767225600123}"#
        ),
        (
            .taskErrorThrown(task: 9, code: "E", message: nil), #"{"e":"taskErrorThrown","task":9,"code":"E"}"#
        ),
        (.taskCanceled(task: 9), #"{"e":"taskCanceled","task":9}"#),
        (
            .taskEventRecorded(task: 9, name: "warning", payload: .emptyObject),
            #"{"e":"taskEventRecorded","task":9,"name":"warning","payload":{}}"#
        ),
        (
            .taskRetried(task: 9, retries: 2, dueAt: Timestamp(millisecondsSinceEpoch: -5)),
            #"{"e":"taskRetried","task":9,"retries":2,"dueAt":-5}"#
        ),
        (
            .timerScheduled(
                timer: 3, activity: 5, element: ElementID("b"), dueAt: Timestamp(millisecondsSinceEpoch: 7)),
            #"{"e":"timerScheduled","timer":3,"activity":5,"element":"b","dueAt":7}"#
        ),
        (.timerFired(timer: 3), #"{"e":"timerFired","timer":3}"#),
        (.timerCanceled(timer: 3), #"{"e":"timerCanceled","timer":3}"#),
        (
            .errorCaught(code: "E", message: "m", by: ElementID("b"), activity: 5),
            #"{"e":"errorCaught","activity":5,"code":"E","message":"m","by":"b"}"#
        ),
        (
            .incidentRaised(
                Event.Incident(
                    number: 1, kind: .taskFailed, activity: 5, element: ElementID("t"), task: 9, message: "m")),
            #"{"e":"incidentRaised","incident":1,"kind":"task-failed","activity":5,"element":"t","task":9,"message":"m"}"#
        ),
        (
            .incidentRaised(
                Event.Incident(number: 1, kind: .joinStuck, activity: 5, element: ElementID("t"), message: "m")),
            #"{"e":"incidentRaised","incident":1,"kind":"join-stuck","activity":5,"element":"t","message":"m"}"#
        ),
        (.incidentResolved(incident: 1), #"{"e":"incidentResolved","incident":1}"#),
        (
            .instanceStarted(
                Event.InstanceStarted(
                    definition: DefinitionID(process: "p", version: 1), businessKey: nil, labels: InstanceLabels(),
                    parent: ParentCall(instance: InstanceID("i"), call: 3))),
            #"{"e":"instanceStarted","definition":"p:1","parent":"i","call":3}"#
        ),
        (
            .userTask(
                .created(
                    OpenUserTask(
                        number: 1, activity: 5, element: ElementID("u"), name: "Look", assignee: "ann",
                        candidateUsers: ["b"], candidateGroups: ["g", "h"],
                        dueAt: Timestamp(millisecondsSinceEpoch: 7),
                        followUpAt: Timestamp(millisecondsSinceEpoch: 6), formKey: "f", priority: 50))),
            #"{"e":"userTaskCreated","userTask":1,"activity":5,"element":"u","name":"Look","assignee":"ann","candidateUsers":["b"],"candidateGroups":["g","h"],"dueAt":7,"followUpAt":6,"formKey":"f","priority":50}"#
        ),
        (
            .userTask(.claimed(userTask: 1, assignee: "ann")),
            #"{"e":"userTaskClaimed","userTask":1,"assignee":"ann"}"#
        ),
        (.userTask(.claimed(userTask: 1, assignee: nil)), #"{"e":"userTaskClaimed","userTask":1}"#),
        (.userTask(.completed(userTask: 1)), #"{"e":"userTaskCompleted","userTask":1}"#),
        (
            .userTask(.errorThrown(userTask: 1, code: "E", message: "m")),
            #"{"e":"userTaskErrorThrown","userTask":1,"code":"E","message":"m"}"#
        ),
        (.userTask(.canceled(userTask: 1)), #"{"e":"userTaskCanceled","userTask":1}"#),
        (
            .subscription(
                .opened(
                    Subscription(
                        number: 2, activity: 5, element: ElementID("c"),
                        kind: .message(name: "paid", key: .number(7))))),
            #"{"e":"subscriptionOpened","subscription":2,"activity":5,"element":"c","waitsFor":"message","name":"paid","key":7}"#
        ),
        (
            .subscription(
                .opened(Subscription(number: 2, activity: 0, element: ElementID("c"), kind: .signal(name: "s")))),
            #"{"e":"subscriptionOpened","subscription":2,"activity":0,"element":"c","waitsFor":"signal","name":"s"}"#
        ),
        (
            .subscription(.opened(Subscription(number: 2, activity: 5, element: ElementID("c"), kind: .condition))),
            #"{"e":"subscriptionOpened","subscription":2,"activity":5,"element":"c","waitsFor":"condition"}"#
        ),
        (
            .subscription(.opened(Subscription(number: 2, activity: 5, element: ElementID("c"), kind: .call))),
            #"{"e":"subscriptionOpened","subscription":2,"activity":5,"element":"c","waitsFor":"call"}"#
        ),
        (.subscription(.triggered(subscription: 2)), #"{"e":"subscriptionTriggered","subscription":2}"#),
        (.subscription(.closed(subscription: 2)), #"{"e":"subscriptionClosed","subscription":2}"#),
        (
            .loop(.started(scope: 2, count: 2, items: [.number(1), .emptyObject])),
            #"{"e":"loopStarted","scope":2,"count":2,"items":[1,{}]}"#
        ),
        (.loop(.started(scope: 2, count: nil, items: [])), #"{"e":"loopStarted","scope":2}"#),
        (
            .loop(.iterationEnded(scope: 2, iteration: 0, output: .null)),
            #"{"e":"iterationEnded","scope":2,"iteration":0,"output":null}"#
        ),
        (
            .loop(.iterationEnded(scope: 2, iteration: 1, output: nil)),
            #"{"e":"iterationEnded","scope":2,"iteration":1}"#
        ),
        (
            .compensation(
                .kept(
                    Compensation(
                        number: 1, scope: 1, element: ElementID("t"), handler: ElementID("undo"), retained: 2))),
            #"{"e":"compensationKept","compensation":1,"scope":1,"element":"t","handler":"undo","retained":2}"#
        ),
        (
            .compensation(.begun(compensation: 1, scope: 1)),
            #"{"e":"compensationBegun","compensation":1,"scope":1}"#
        ),
        (
            .compensation(.handling(activity: 5, thrower: 4)),
            #"{"e":"compensationHandling","activity":5,"thrower":4}"#
        ),
        (
            .call(
                .requested(
                    CallEvent.Call(
                        call: 1, activity: 5, element: ElementID("c"),
                        target: CallTarget(process: "p", binding: .version(2)), businessKey: "k",
                        variables: [Variable(name: "a", value: .null)]))),
            #"{"e":"callRequested","call":1,"activity":5,"element":"c","process":"p","version":2,"businessKey":"k","variables":["a",null]}"#
        ),
        (
            .call(
                .requested(
                    CallEvent.Call(
                        call: 1, activity: 5, element: ElementID("c"),
                        target: CallTarget(process: "p", binding: .versionTag("v")), businessKey: nil, variables: []))),
            #"{"e":"callRequested","call":1,"activity":5,"element":"c","process":"p","versionTag":"v","variables":[]}"#
        ),
        (
            .call(
                .requested(
                    CallEvent.Call(
                        call: 1, activity: 5, element: ElementID("c"),
                        target: CallTarget(process: "p", binding: .deployment), businessKey: nil, variables: []))),
            #"{"e":"callRequested","call":1,"activity":5,"element":"c","process":"p","binding":"deployment","variables":[]}"#
        ),
        (
            .call(
                .requested(
                    CallEvent.Call(
                        call: 1, activity: 5, element: ElementID("c"), target: CallTarget(process: "p"),
                        businessKey: nil, variables: [], catches: .all))),
            #"{"e":"callRequested","call":1,"activity":5,"element":"c","process":"p","catches":true,"variables":[]}"#
        ),
        (
            .subscription(.opened(Subscription(number: 2, activity: 5, element: ElementID("c"), kind: .answer))),
            #"{"e":"subscriptionOpened","subscription":2,"activity":5,"element":"c","waitsFor":"answer"}"#
        ),
        (.call(.escalated(call: 1)), #"{"e":"callEscalated","call":1}"#),
        (.call(.completed(call: 1)), #"{"e":"callCompleted","call":1}"#),
        (.call(.failed(call: 1)), #"{"e":"callFailed","call":1}"#),
        (.call(.canceled(call: 1)), #"{"e":"callCanceled","call":1}"#),
        (
            .thrown(.signal(name: "s", by: ElementID("t"), variables: [Variable(name: "a", value: .number(1))])),
            #"{"e":"signalThrown","name":"s","by":"t","variables":["a",1]}"#
        ),
        (
            .thrown(
                .message(
                    ThrownMessage(
                        name: "m", by: ElementID("t"), correlationKey: .string("k"), businessKey: "b", variables: []))),
            #"{"e":"messageThrown","name":"m","by":"t","key":"k","businessKey":"b","variables":[]}"#
        ),
        (
            .thrown(.escalation(code: "E", by: ElementID("t"), caughtBy: ElementID("b"), variables: [])),
            #"{"e":"escalationThrown","code":"E","by":"t","caughtBy":"b","variables":[]}"#
        ),
        (
            .thrown(.uncaughtError(code: "E", message: "no", by: ElementID("t"))),
            #"{"e":"errorUncaught","code":"E","message":"no","by":"t"}"#
        ),
        (
            .decisionEvaluated(activity: 5, decision: "d", version: 2, result: .bool(true)),
            #"{"e":"decisionEvaluated","activity":5,"decision":"d","version":2,"result":true}"#
        ),
        (
            .savePointReached(activity: 5, timer: 3, isAfter: true, failures: 2, problem: "no"),
            #"{"e":"savePointReached","activity":5,"timer":3,"at":"after","failures":2,"problem":"no"}"#
        ),
        (
            .savePointReached(activity: 5, timer: 3, isAfter: false, failures: 0, problem: nil),
            #"{"e":"savePointReached","activity":5,"timer":3,"at":"before"}"#
        ),
        (.suspended, #"{"e":"suspended"}"#),
        (.resumed, #"{"e":"resumed"}"#),
        (
            .migrated(
                Event.Migrated(
                    definition: DefinitionID(process: "p", version: 2), workflow: "media.ingest",
                    workflowVersion: "1.3",
                    renamed: [Event.Migrated.Renaming(from: ElementID("a"), to: ElementID("b"))])),
            #"{"e":"migrated","definition":"p:2","workflow":"media.ingest","workflowVersion":"1.3","renamed":["a","b"]}"#
        ),
        (
            .migrated(
                Event.Migrated(
                    definition: DefinitionID(process: "p", version: 2), workflow: nil, workflowVersion: nil)),
            #"{"e":"migrated","definition":"p:2"}"#
        ),
        (
            .held(.taskCompleted(task: 3, output: [Variable(name: "a", value: .number(1))])),
            #"{"e":"held","what":"taskCompleted","task":3,"variables":["a",1]}"#
        ),
        (
            .held(
                .taskFailed(
                    task: 3,
                    TaskFailure(
                        message: "m", details: "d", retry: false, retryAfter: .milliseconds(1500), retriesLeft: 2))),
            #"{"e":"held","what":"taskFailed","task":3,"message":"m","details":"d","retry":false,"retryAfter":1500,"retriesLeft":2}"#
        ),
        (
            .held(.taskFailed(task: 3, TaskFailure(message: "m"))),
            #"{"e":"held","what":"taskFailed","task":3,"message":"m"}"#
        ),
        (
            .held(.taskErrorThrown(task: 3, BPMNError(code: "E", message: "m"))),
            #"{"e":"held","what":"taskErrorThrown","task":3,"code":"E","message":"m","variables":[]}"#
        ),
        (
            .held(.taskEvent(task: 3, name: "n", payload: .bool(true))),
            #"{"e":"held","what":"taskEvent","task":3,"name":"n","payload":true}"#
        ),
        (
            .held(.correlated(subscription: 4, variables: [], isLast: false)),
            #"{"e":"held","what":"correlated","subscription":4,"variables":[],"isLast":false}"#
        ),
        (
            .held(.signal(name: "s", variables: [])), #"{"e":"held","what":"signal","name":"s","variables":[]}"#
        ),
        (
            .held(.callEnded(call: 2, .completed([]))),
            #"{"e":"held","what":"callCompleted","variables":[],"call":2}"#
        ),
        (
            .held(.callEnded(call: 2, .error(BPMNError(code: "E"), variables: []))),
            #"{"e":"held","what":"callErrorThrown","code":"E","variables":[],"call":2}"#
        ),
        (
            .held(.callEnded(call: 2, .uncaughtError(BPMNError(code: "E"), variables: []))),
            #"{"e":"held","what":"callEndedUncaught","code":"E","variables":[],"call":2}"#
        ),
        (
            .held(.callEnded(call: 2, .escalation(code: "X", variables: []))),
            #"{"e":"held","what":"callEscalated","code":"X","variables":[],"call":2}"#
        ),
        (
            .held(.callEnded(call: 2, .failed(message: "m"))),
            #"{"e":"held","what":"callFailed","message":"m","call":2}"#
        ),
        (.held(.escalationAnswered), #"{"e":"held","what":"escalationAnswered"}"#),
    ]

    private static func raw(_ text: String) -> JSON {
        (try? JSON(validating: text)) ?? .null
    }

    @Test(arguments: golden.indices)
    func `writes and reads each event as it always was`(index: Int) throws {
        let (event, text) = Self.golden[index]
        #expect(String(decoding: EventCoding.encode([event]).bytes, as: UTF8.self) == "[\(text)]")
        #expect(try EventCoding.decode(Array("[\(text)]".utf8)) == [event])
    }

    @Test func `the golden events have every kind`() throws {
        let kinds = Set(Self.golden.map { name(of: $0.event) })
        #expect(kinds.count == 54)
    }

    /// The compiler finds an event that is missing here; the count above then finds that it has no golden text.
    private func name(of event: Event) -> String {
        switch event {
        case .instanceStarted: "instanceStarted"
        case .instanceEnded: "instanceEnded"
        case .activityEntered: "activityEntered"
        case .activityCompleted: "activityCompleted"
        case .activityCanceled: "activityCanceled"
        case .flowTaken: "flowTaken"
        case .tokenArrived: "tokenArrived"
        case .tokensJoined: "tokensJoined"
        case .scopeOpened: "scopeOpened"
        case .scopeClosed: "scopeClosed"
        case .variablesSet: "variablesSet"
        case .outputKept: "outputKept"
        case .outputMapped: "outputMapped"
        case .taskCreated: "taskCreated"
        case .taskCompleted: "taskCompleted"
        case .taskFailed: "taskFailed"
        case .taskErrorThrown: "taskErrorThrown"
        case .taskCanceled: "taskCanceled"
        case .taskEventRecorded: "taskEventRecorded"
        case .taskRetried: "taskRetried"
        case .timerScheduled: "timerScheduled"
        case .timerFired: "timerFired"
        case .timerCanceled: "timerCanceled"
        case .errorCaught: "errorCaught"
        case .incidentRaised: "incidentRaised"
        case .incidentResolved: "incidentResolved"
        case .userTask(.created): "userTaskCreated"
        case .userTask(.claimed): "userTaskClaimed"
        case .userTask(.completed): "userTaskCompleted"
        case .userTask(.errorThrown): "userTaskErrorThrown"
        case .userTask(.canceled): "userTaskCanceled"
        case .subscription(.opened): "subscriptionOpened"
        case .subscription(.triggered): "subscriptionTriggered"
        case .subscription(.closed): "subscriptionClosed"
        case .loop(.started): "loopStarted"
        case .loop(.iterationEnded): "iterationEnded"
        case .compensation(.kept): "compensationKept"
        case .compensation(.begun): "compensationBegun"
        case .compensation(.handling): "compensationHandling"
        case .call(.requested): "callRequested"
        case .call(.escalated): "callEscalated"
        case .call(.completed): "callCompleted"
        case .call(.failed): "callFailed"
        case .call(.canceled): "callCanceled"
        case .thrown(.signal): "signalThrown"
        case .thrown(.message): "messageThrown"
        case .thrown(.escalation): "escalationThrown"
        case .thrown(.uncaughtError): "errorUncaught"
        case .decisionEvaluated: "decisionEvaluated"
        case .savePointReached: "savePointReached"
        case .suspended: "suspended"
        case .resumed: "resumed"
        case .migrated: "migrated"
        case .held: "held"
        }
    }

    @Test func `tells where the raw input of each task stands`() throws {
        let (bytes, ranges) = EventCoding.encode(Self.golden.map(\.event))
        let range = try #require(ranges[9])
        #expect(ranges.count == 1)
        #expect(String(decoding: bytes[range], as: UTF8.self) == #"{"in": [1,  2]}"#)
    }

    @Test func `reads back values as deep as peers may send them`() throws {
        let deep = try JSON(validating: String(repeating: "[", count: 512) + String(repeating: "]", count: 512))
        let event = Event.variablesSet(scope: 1, [Variable(name: "a", value: deep)])
        #expect(try EventCoding.decode(EventCoding.encode([event]).bytes) == [event])
    }

    @Test func `no events are an empty array`() throws {
        #expect(EventCoding.encode([]).bytes == Array("[]".utf8))
        #expect(try EventCoding.decode(Array("[]".utf8)) == [])
    }

    @Test(arguments: [
        "", "{}", "[1]", "[{}]", #"[{"e":"unheardOf"}]"#, #"[{"e":"taskCompleted"}]"#,
        #"[{"e":"taskCompleted","task":"9"}]"#,
        #"[{"e":"instanceStarted","definition":"p"}]"#, #"[{"e":"variablesSet","scope":1,"variables":["a"]}]"#,
        #"[{"e":"instanceEnded","state":"odd"}]"#, "[",
    ])
    func `refuses what it did not write`(text: String) throws {
        #expect(throws: Diagnostics.self) { try EventCoding.decode(Array(text.utf8)) }
    }

    @Test func `an event about what is not there changes nothing`() throws {
        for (event, _) in Self.golden {
            var instance = ProcessInstance()
            instance.apply(event)
            instance.apply(event)
            #expect(instance.openTasks.count <= 1)
            #expect(instance.openUserTasks.count <= 1)
        }
    }
}
