import Contracts
import Expressions
import ProcessEngine
import Values

/// A place that a contract is used at: an element of a workflow.
package struct ContractUse: Sendable, Hashable {
    package var workflow: String
    package var workflowVersion: String
    package var process: String
    package var element: String
    package var elementName: String?
    /// Where the element stands in its model.
    package var line: Int
    /// What the model asks for: `media.transcode@2`, or the process it calls.
    package var asksFor: String
}

/// Finds who uses a contract.
enum UseSearch {
    /// A workflow of the store with its model, read.
    struct Model {
        var workflow: Contract
        var definition: ProcessDefinition
    }

    /// The elements that use a major of `name`, any with nil: service tasks and their like of a task contract, call activities of a
    /// workflow, business rule tasks of a decision. In the order of workflows and files.
    static func uses(
        of name: String, major: Int?, processes: Set<String> = [], decisions: Set<String> = [], in models: [Model]
    ) -> [ContractUse] {
        models.flatMap { model in
            model.definition.elements.compactMap { element in
                asked(of: element, name, major, processes, decisions).map { use(of: element.id, asking: $0, in: model) }
            }
        }
    }

    private static func asked(
        of element: any FlowElement, _ name: String, _ major: Int?, _ processes: Set<String>, _ decisions: Set<String>
    ) -> String? {
        func asks(for contract: ContractKey) -> String? {
            contract.name == name && contract.major == major ?? contract.major ? contract.description : nil
        }
        if let task = element as? ServiceTask { return task.contract.flatMap { asks(for: $0) } }
        if let call = element as? CallActivity {
            switch call.target {
            case .contract(let contract): return asks(for: contract)
            case .process(let process):
                let name = process.constantValue?.stringValue
                return name.flatMap { processes.contains($0) ? $0 : nil }
            }
        }
        if let rule = element as? BusinessRuleTask, let decision = rule.decision.constantValue?.stringValue {
            return decisions.contains(decision) ? decision : nil
        }
        return nil
    }

    private static func use(of element: ElementID, asking: String, in model: Model) -> ContractUse {
        ContractUse(
            workflow: model.workflow.name, workflowVersion: model.workflow.version.description,
            process: model.definition.process, element: element.text, elementName: model.definition.name(of: element),
            line: model.definition.position(of: element)?.line ?? 0, asksFor: asking)
    }
}
