import Delivery
import ProcessEngine
import Values
import XMLReader

/// What comes over the bus, and what comes back from a store.
extension FuzzTarget {
    private static let headers = [
        "waybill-task: 0197a000-0000-7000-8000-000000000001.7", "waybill-attempt: 2", "waybill-attempt: #2",
        "waybill-token: t", "waybill-contract: media.transcode@2", "traceparent: 00-1-2-01",
        "waybill-attempt: #9223372036854775807", "x-death: ?",
    ]

    /// An input is lines of properties and headers, an empty line, and the body.
    static let envelope = FuzzTarget(
        name: "envelope", corpus: Corpus(),
        seeds: [
            ("completed", "{\"output\":{\"a\":1}}"),
            ("failed", "{\"message\":\"m\",\"retry\":false,\"retryAfterMs\":5}"),
            ("error", "{\"code\":\"E\",\"variables\":{\"a\":1}}"), ("progress", "{\"progress\":0.5}"),
            ("started", "{}"),
            ("event", "{\"name\":\"n\",\"payload\":3}"),
            ("media.transcode@2.1", "{\"input\":{},\"workflow\":\"w:1\",\"timeoutMs\":7200000,\"heartbeatMs\":-1}"),
            (
                "results",
                "{\"contract\":\"c@1\",\"results\":[{\"task\":\"i.7\",\"attempt\":1,\"token\":\"t\",\"type\":\"completed\"}]}"
            ),
        ].map { type, body in
            "type: \(type)\nid: 0197a000-0000-7000-8000-000000000001.7:2\n" + headers.prefix(4).joined(separator: "\n")
                + "\n\n\(body)"
        },
        words: headers.map { $0 + "\n" } + [
            "type: failed\n", "\n\n", "{\"message\":", "\"retryAfterMs\":1e99", "#", ":", ".", "-1", "{}",
        ],
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            let message = message(of: input)
            if let read = try? ResultMessage(decoding: message) { _ = "\(read)" }
            if let task = try? TaskMessage(decoding: message) {
                let again = try? TaskMessage(decoding: task.encoded(names: BusNames(), expiration: nil))
                if again != task { return "a task message differs when it is written and read again" }
            }
            return nil
        })

    private static func message(of input: [UInt8]) -> BusMessage {
        let newline = UInt8(ascii: "\n")
        let end = input.indices.first { $0 > 0 && input[$0] == newline && input[$0 - 1] == newline } ?? input.endIndex
        var message = BusMessage(
            exchange: "", routingKey: "results.0", body: Array(input[min(end + 1, input.endIndex)...]))
        for line in String(decoding: input[..<end], as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = String(line[..<colon])
            let text = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch name {
            case "type": message.type = text
            case "id": message.messageID = text
            case "correlation": message.correlationID = text
            default: message.headers.append(BusMessage.Header(name: name, value: value(of: text)))
            }
        }
        return message
    }

    private static func value(of text: String) -> BusMessage.HeaderValue {
        if text.hasPrefix("#"), let number = Int64(text.dropFirst()) { return .integer(number) }
        if text == "?" { return .other }
        return .string(text)
    }

    static let journal = FuzzTarget(
        name: "journal", corpus: Corpus(), seeds: (0..<30).flatMap(journalRows),
        words: [
            "{\"e\":\"", "\"activity\":", "\"scope\":-1", "9223372036854775807", "null", "[]", "{}", ",", "\"\"", "1.5",
        ],
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            guard let events = try? EventCoding.decode(input) else { return nil }
            guard let again = try? EventCoding.decode(EventCoding.encode(events).bytes), again == events else {
                return "events differ when they are written and read again"
            }
            var instance = ProcessInstance()
            instance.apply(events)
            return nil
        })

    /// What some random process wrote.
    private static func journalRows(_ seed: Int) -> [String] {
        let text = RandomModel.bpmn(seed: UInt64(seed))
        guard let root = tree(Array(text.utf8)),
            let definition = try? ProcessDefinition.read(root, file: "made.bpmn").first
        else { return [] }
        var simulation = Simulation(
            [definition], now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), contracts: AnyWork())
        var walk = RandomWalk(dice: Dice(seed: UInt64(seed)))
        guard let id = try? simulation.start("p", variables: [Variable(name: "n", value: .number(seed % 12))]) else {
            return []
        }
        for _ in 0..<60 {
            guard let member = simulation.member(id), let command = walk.command(for: member.instance) else { break }
            try? simulation.send(command, to: id)
        }
        let journal = simulation.member(id)?.journal ?? []
        return stride(from: 0, to: journal.count, by: 12).map { start in
            String(
                decoding: EventCoding.encode(Array(journal[start..<min(start + 12, journal.count)])).bytes,
                as: UTF8.self)
        }
    }
}
