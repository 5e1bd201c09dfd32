import Contracts
import ProcessEngine
import Testing
import Values
import XMLReader

/// A process as text, checked.
enum CheckedModel {
    static func definitions(_ body: String, process: String = "p", head: String = "") throws -> [ProcessDefinition] {
        let text = """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn/1.0"
                         xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">
              \(head)
              <process id="\(process)" isExecutable="true">\(body)</process>
            </definitions>
            """
        return try ProcessDefinition.read(XMLReader.read(Array(text.utf8), file: "p.bpmn"), file: "p.bpmn")
    }

    /// What the check finds, as `[code] element: message`.
    static func findings(_ body: String, head: String = "", contracts: [Contract]? = nil) throws -> [String] {
        let catalog = try contracts.map { try ContractCatalog($0) }
        return ModelCheck.check(try definitions(body, head: head), against: catalog).map {
            "[\($0.code)] \($0.element ?? "-"): \($0.message)"
        }
    }

    /// The codes of what the check finds, with their elements.
    static func codes(_ body: String, head: String = "", contracts: [Contract]? = nil) throws -> [String] {
        let catalog = try contracts.map { try ContractCatalog($0) }
        return ModelCheck.check(try definitions(body, head: head), against: catalog).map {
            "\($0.code) \($0.element ?? "-")"
        }
    }

    /// Flows written as `a>b`, with a condition after a colon: `a>b: = x > 1`.
    static func flows(_ text: String...) -> String {
        text.enumerated().map { number, flow in
            let parts = flow.split(separator: ":", maxSplits: 1).map { String($0) }
            let ends = parts[0].split(separator: ">").map { String($0) }
            let condition =
                parts.count < 2
                ? "" : "<conditionExpression><![CDATA[\(parts[1].drop { $0 == " " })]]></conditionExpression>"
            return
                "<sequenceFlow id=\"\(ends[0])-\(ends[1])\" sourceRef=\"\(ends[0])\" targetRef=\"\(ends[1])\">\(condition)</sequenceFlow>"
        }.joined()
    }

    static func nodes(_ text: String) -> String {
        text.split(separator: " ").map { word in
            let parts = word.split(separator: ":").map { String($0) }
            let tag =
                switch parts[0] {
                case "start": "startEvent"
                case "end": "endEvent"
                case "user": "userTask"
                case "task": "manualTask"
                case "xor": "exclusiveGateway"
                case "and": "parallelGateway"
                case "or": "inclusiveGateway"
                default: parts[0]
                }
            return "<\(tag) id=\"\(parts[1])\"/>"
        }.joined()
    }
}
