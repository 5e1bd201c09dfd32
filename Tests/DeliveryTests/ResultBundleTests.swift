import Delivery
import ProcessEngine
import Testing
import Values

struct ResultBundleTests {
    private func published(
        _ number: Int, _ content: TaskReport.Content, of task: TaskMessage? = nil
    ) -> (id: AgentSession.PublishID, message: BusMessage) {
        let task = task ?? taskMessage(number)
        return (publishID(number), TaskReport(task.id, content).encoded(for: task, names: BusNames()))
    }

    private func publishID(_ number: Int) -> AgentSession.PublishID { AgentSession.PublishID(number: number) }

    @Test func `results that are ready together are one message with its golden form`() throws {
        let bundles = AgentSession.bundled([
            published(1, .completed(output: try json(#"{"a":1}"#))),
            published(2, .failed(TaskFailure(message: "no disk", retry: false))),
            published(3, .error(BPMNError(code: "X"))),
        ])

        try #require(bundles.count == 1)
        #expect(bundles[0].ids == [publishID(1), publishID(2), publishID(3)])
        let message = bundles[0].message
        #expect(message.type == "results")
        #expect(message.exchange == "waybill.results")
        #expect(message.routingKey == "results.0")
        #expect(message.messageID == "0197a000-0000-7000-8000-000000000001.1:1+2")
        #expect(
            message.text == """
                {"contract":"media.transcode@2","results":[\
                {"task":"0197a000-0000-7000-8000-000000000001.1","attempt":1,"token":"token-1-1","type":"completed",\
                "body":{"output":{"a":1}}},\
                {"task":"0197a000-0000-7000-8000-000000000001.2","attempt":1,"token":"token-2-1","type":"failed",\
                "body":{"message":"no disk","retry":false}},\
                {"task":"0197a000-0000-7000-8000-000000000001.3","attempt":1,"token":"token-3-1","type":"error",\
                "body":{"code":"X"}}]}
                """)
        let reports = [
            TaskReport(taskMessage(1).id, .completed(output: try json(#"{"a":1}"#))),
            TaskReport(taskMessage(2).id, .failed(TaskFailure(message: "no disk", retry: false))),
            TaskReport(taskMessage(3).id, .error(BPMNError(code: "X"))),
        ]
        #expect(try ResultMessage(decoding: message) == .reports(reports, contract: transcode, problems: []))
        #expect(try DeadLetter(decoding: message) == .result(.reports(reports, contract: transcode, problems: [])))
    }

    @Test func `what is alone, large, traced or no result goes as it is, and in its order`() throws {
        var traced = taskMessage(3)
        traced.traceparent = "00-1-2-01"
        let large = JSON.object([(name: "text", value: .string(String(repeating: "x", count: 20_000)))])
        let publishes = [
            published(1, .completed(output: .emptyObject)), published(2, .started),
            published(3, .completed(output: .emptyObject), of: traced), published(4, .completed(output: large)),
            published(5, .completed(output: .emptyObject)),
        ]

        let bundles = AgentSession.bundled(publishes)

        #expect(bundles.map(\.message) == publishes.map(\.message))
        #expect(bundles.map(\.ids) == publishes.map { [$0.id] })
    }

    @Test func `a bundle is bounded in count and bytes, and has one contract and one address`() throws {
        let many = (1...250).map { published($0, .completed(output: .emptyObject)) }
        #expect(AgentSession.bundled(many).map(\.ids.count) == [100, 100, 50])

        let output = JSON.object([(name: "text", value: .string(String(repeating: "x", count: 15_000)))])
        let wide = (1...10).map { published($0, .completed(output: output)) }
        let bundles = AgentSession.bundled(wide)
        #expect(bundles.map(\.ids.count) == [4, 4, 2])
        #expect(bundles.allSatisfy { $0.message.body.count <= 65 << 10 })

        var elsewhere = taskMessage(2)
        elsewhere.replyTo = "results.1"
        let mixed = AgentSession.bundled([
            published(1, .completed(output: .emptyObject)),
            published(2, .completed(output: .emptyObject), of: elsewhere),
        ])
        #expect(mixed.map(\.message.routingKey) == ["results.0", "results.1"])
    }

    static let damaged: [(entry: String, reason: EnvelopeError.Reason, fails: Bool)] = [
        ("7", .missingID, false),
        (#"{"attempt":1,"token":"t","type":"completed"}"#, .missingID, false),
        (#"{"task":"gibberish","attempt":1,"token":"t","type":"completed"}"#, .missingID, false),
        (#"{"task":"i.1","attempt":0,"token":"t","type":"completed"}"#, .missingID, false),
        (#"{"task":"i.1","attempt":1,"token":"","type":"completed"}"#, .missingID, false),
        (#"{"task":"i.1","attempt":1,"token":"t","type":"done"}"#, .unknownType, false),
        (#"{"task":"i.1","attempt":1,"token":"t","type":"started"}"#, .unknownType, false),
        (#"{"task":"i.1","attempt":1,"token":"t","type":"completed","body":7}"#, .wrongShape, true),
        (#"{"task":"i.1","attempt":1,"token":"t","type":"error","body":{}}"#, .wrongShape, true),
    ]

    @Test(arguments: damaged.indices)
    func `an entry that cannot be read holds up none of the others`(index: Int) throws {
        let (entry, reason, fails) = Self.damaged[index]
        let good = #"{"task":"i.2","attempt":1,"token":"t","type":"completed"}"#
        let message = BusMessage(
            exchange: "waybill.results", routingKey: "results.0", type: "results",
            body: Array(#"{"results":[\#(entry),\#(good)]}"#.utf8))

        guard case .reports(let reports, nil, let problems) = try ResultMessage(decoding: message) else {
            Issue.record("no bundle")
            return
        }

        #expect(reports.map(\.task.description) == ["i.2"])
        #expect(problems.map(\.reason) == [reason])
        #expect((problems.first?.report != nil) == fails)
        var machine = DeliveryMachine()
        guard case .reports(let all, let told) = machine.resultReceived(message, redelivered: false, at: .start) else {
            Issue.record("no intake")
            return
        }
        #expect(all.count == (fails ? 2 : 1))
        #expect(told.count == (fails ? 0 : 1))
        #expect(machine.counters.malformed == 1)
    }

    @Test(arguments: ["7", "{}", #"{"results":5}"#, "not JSON"])
    func `a bundle that is none is refused`(body: String) {
        let message = BusMessage(
            exchange: "waybill.results", routingKey: "results.0", type: "results", body: Array(body.utf8))

        #expect(throws: EnvelopeError.self) { try ResultMessage(decoding: message) }
    }
}
