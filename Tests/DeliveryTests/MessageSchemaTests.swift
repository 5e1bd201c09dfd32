import Delivery
import Foundation
import ProcessEngine
import Testing
import Values

/// The published schemas and the decoder speak of the same messages.
struct MessageSchemaTests {
    @Test(arguments: ["started", "progress", "event", "completed", "failed", "error"])
    func `what a schema gives as an example is read`(type: String) throws {
        for example in try examples(of: type) {
            let message = TaskReport(taskMessage(7).id, .started).encoded(for: taskMessage(7), names: BusNames())
                .with(type: type).with(body: example.text)
            guard case .report(let report, _) = try ResultMessage(decoding: message) else {
                Issue.record("\(example.text) is no report")
                return
            }
            #expect(report.attemptID == taskMessage(7).id)
        }
    }

    @Test func `the example of several results is read`() throws {
        for example in try examples(of: "results") {
            let message = BusMessage(
                exchange: "waybill.results", routingKey: "results.0", type: "results", body: example.bytes)
            guard case .reports(let reports, _, let problems) = try ResultMessage(decoding: message) else {
                Issue.record("\(example.text) is no bundle")
                return
            }
            #expect(reports.count == example["results"]?.elements()?.count)
            #expect(problems.isEmpty)
        }
    }

    @Test func `the example of a task is read`() throws {
        for example in try examples(of: "task") {
            let task = try TaskMessage(decoding: taskMessage(7).onBus.with(body: example.text))
            #expect(task.input == example["input"])
            #expect(task.headers.map(\.name) == example["headers"]?.members()?.map(\.name) ?? [])
            #expect(task.timeout.map(\.milliseconds) == example["timeoutMs"]?.intValue.map { Int64($0) })
            #expect(task.claims.map(\.name) == example["claims"]?.members()?.map(\.name) ?? [])
        }
    }

    private func examples(of type: String) throws -> [JSON] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "contracts/schemas/\(type).message.schema.json")
        guard let data = try? Data(contentsOf: file) else {
            print("not run: \(type).message.schema.json is not there")
            return []
        }
        let examples = try JSON(validating: Array(data))["examples"]?.elements() ?? []
        #expect(!examples.isEmpty)
        return examples
    }
}
