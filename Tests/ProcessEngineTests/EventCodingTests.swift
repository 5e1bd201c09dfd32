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
        #expect(kinds.count == 26)
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
        }
    }
}
