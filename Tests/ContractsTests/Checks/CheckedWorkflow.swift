import Contracts
import Testing

/// A workflow of tasks of one contract, checked. The workflow takes `a` (text), `n` (a number, 3 by default), `list` (of texts, empty by
/// default), `b` (true or false) and perhaps `opt`, and gives `r`; the task takes `x` (text) and perhaps `k` (whole) and `m`
/// (`p` or `q`), and gives `y` (text) and `z` (a number).
enum CheckedWorkflow {
    static func contracts() throws -> [Contract] {
        [
            try Sample.workflow(
                "w", "1.0", process: "p",
                """
                input:
                  type: object
                  required: [a, b, numbers]
                  properties:
                    a: {type: string}
                    b: {type: boolean}
                    n: {type: number, default: 3}
                    mode: {enum: [one, two]}
                    list: {type: array, items: {type: string}, default: []}
                    numbers: {type: array, items: {type: number}}
                    opt: {type: string}
                output: {type: object, properties: {r: {type: string}}}
                """),
            try Sample.task(
                "t", "1.0",
                """
                input: {type: object, required: [x], properties: {x: {type: string}, k: {type: integer}, m: {enum: [p, q]}}}
                output: {type: object, required: [y, z], properties: {y: {type: string}, z: {type: number}}}
                """),
        ]
    }

    /// A task: `inputs` and `outputs` as `name: value`.
    static func task(_ id: String, _ input: String = "= a", to output: String..., loop: String = "") -> String {
        let outputs = output.map { text in
            let parts = text.split(separator: ":", maxSplits: 1).map { String($0) }
            return "<waybill:output name=\"\(parts[0])\" value=\"\(parts[1].drop { $0 == " " })\"/>"
        }
        return """
            <serviceTask id="\(id)" waybill:contract="t@1"><extensionElements>
            <waybill:input name="x" value="\(input.replacing("\"", with: "&quot;"))"/>\(outputs.joined())
            </extensionElements>\(loop)</serviceTask>
            """
    }

    static func script(_ id: String, _ name: String, _ text: String) -> String {
        """
        <scriptTask id="\(id)" scriptFormat="feel" camunda:resultVariable="\(name)"><script>\(text)</script></scriptTask>
        """
    }

    static func codes(_ parts: String..., nodes: String, flows: String..., head: String = "") throws -> [String] {
        try CheckedModel.codes(
            parts.joined() + CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined(), head: head,
            contracts: contracts())
    }
}
