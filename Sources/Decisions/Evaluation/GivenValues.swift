import Expressions
import OrderedCollections
import Values

/// The values that an evaluation is given, found by element.
struct GivenValues {
    private var byName: [String: DecisionInput] = [:]
    /// By `{namespace}name`.
    private var byFullName: [String: DecisionInput] = [:]

    /// Of two values for one name the first counts.
    init(_ inputs: [DecisionInput]) {
        for input in inputs {
            let name = input.name.normalizedName
            if let namespace = input.namespace {
                byFullName["{\(namespace)}\(name)", default: input] = input
            } else {
                byName[name, default: input] = input
            }
        }
    }

    var isEmpty: Bool { byName.isEmpty && byFullName.isEmpty }

    func value(named name: String) -> Datum? { byName[name]?.value }

    /// What is given for an input or instead of a decision: by namespace and name, by name, or as a member of what is
    /// given for the name of an import.
    func value(for element: Element, of model: DecisionModel) -> DecisionInput? {
        switch element.kind {
        case .input, .decision: break
        case .knowledge, .service: return nil
        }
        if !byFullName.isEmpty, let exact = byFullName["{\(element.namespace)}\(element.variable)"] { return exact }
        if element.namespace != model.namespace {
            for imported in model.imports where imported.namespace == element.namespace {
                guard let given = byName[imported.name], case .context(let members) = given.value,
                    let member = members[element.variable]
                else { continue }
                return DecisionInput(name: element.variable, value: member, isText: given.isText)
            }
        }
        return byName[element.variable]
    }
}
