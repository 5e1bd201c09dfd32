import Foundation
import Values

/// What is measured: a sequence of three tasks, each of a contract of its own, that hand a text on.
enum Workload {
    static let workflow = "bench.sequence"
    static let tasks = ["bench.one", "bench.two", "bench.three"]
    static let contracts = tasks.map { $0 + "@1" }

    /// Contracts and model, as `waybill push` would send them.
    static var files: [(path: String, content: String)] {
        tasks.map { (path: "\($0).yaml", content: taskContract($0)) } + [
            (path: "sequence.yaml", content: workflowContract), (path: "sequence.bpmn", content: model),
        ]
    }

    /// A text of random letters that does not compress to less than three quarters.
    static func text(bytes: Int) -> [UInt8] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var generator = SystemRandomNumberGenerator()
        var text: [UInt8] = []
        text.reserveCapacity(bytes + 8)
        while text.count < bytes {
            var bits = generator.next()
            for _ in 0..<10 {
                text.append(letters[Int(bits & 63)])
                bits >>= 6
            }
        }
        return Array(text.prefix(bytes))
    }

    /// The body of a start.
    static func start(businessKey: String, payload: Int) -> JSON {
        .object([
            (
                "input",
                .object([("data", .string(String(decoding: text(bytes: payload), as: UTF8.self)))])
            ),
            ("businessKey", .string(businessKey)),
        ])
    }

    /// The body of a result: that of a task under another name.
    static func resultBytes(taskBytes: Int) -> Int { taskBytes + "output".utf8.count - "input".utf8.count }

    private static func taskContract(_ name: String) -> String {
        """
        kind: task
        name: \(name)
        version: "1.0"
        input:
          type: object
          required: [data]
          properties:
            data: {type: string}
        output:
          type: object
          required: [data]
          properties:
            data: {type: string}
        retry: {maxAttempts: 3, backoff: PT1S}
        timeout: PT10M

        """
    }

    private static let workflowContract = """
        kind: workflow
        name: bench.sequence
        version: "1.0"
        process: bench-sequence
        input:
          type: object
          required: [data]
          properties:
            data: {type: string}

        """

    private static let model = """
        <?xml version="1.0" encoding="UTF-8"?>
        <bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
            xmlns:waybill="https://waybill.dev/bpmn/1.0" id="d" targetNamespace="https://waybill.dev/bench">
          <bpmn:process id="bench-sequence" isExecutable="true">
            <bpmn:startEvent id="start"/>
            <bpmn:serviceTask id="one" waybill:contract="bench.one@1"/>
            <bpmn:serviceTask id="two" waybill:contract="bench.two@1"/>
            <bpmn:serviceTask id="three" waybill:contract="bench.three@1"/>
            <bpmn:endEvent id="end"/>
            <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="one"/>
            <bpmn:sequenceFlow id="f2" sourceRef="one" targetRef="two"/>
            <bpmn:sequenceFlow id="f3" sourceRef="two" targetRef="three"/>
            <bpmn:sequenceFlow id="f4" sourceRef="three" targetRef="end"/>
          </bpmn:process>
        </bpmn:definitions>

        """
}
