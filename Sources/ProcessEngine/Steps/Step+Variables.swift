import HashTreeCollections
import OrderedCollections
import Values

/// Variables of a scope were set.
struct VariableChange: Sendable, Hashable {
    var scope: Int
    var names: Set<String>
    /// Those among them that the scope had before.
    var existed: Set<String>

    init(of names: some Sequence<String>, in scope: Int, existed: Set<String>) {
        self.scope = scope
        self.names = Set(names)
        self.existed = existed
    }
}

/// Where variables live, and how activities get some of their own.
extension Step {
    /// Sets each variable in the nearest scope that has it, seen from `scope`, else at the root.
    mutating func setVariables(_ variables: [Variable], from scope: Int) {
        var groups: [(scope: Int, variables: [Variable])] = []
        for variable in variables {
            let target = instance.scope(owning: variable.name, from: scope)
            if let index = groups.firstIndex(where: { $0.scope == target }) {
                groups[index].variables.append(variable)
            } else {
                groups.append((target, [variable]))
            }
        }
        for group in groups { record(.variablesSet(scope: group.scope, group.variables)) }
    }

    /// Of the variables that the event sets, those that are there; nothing if no condition waits for changes.
    func namesThatExist(before event: Event) -> Set<String> {
        guard case .variablesSet(let scope, let variables) = event, !instance.conditions.isEmpty else { return [] }
        return instance.namesThatExist(in: scope, of: variables)
    }

    /// An activity whose element maps inputs gets a scope for them. What cannot be evaluated leaves nothing behind.
    mutating func openLocalScope(of number: Int) throws(IncidentCause) {
        let activity = activity(number)
        guard let mappings = definition.localMappings(of: activity.element), activity.innerScope == nil else { return }
        let inputs = try VariableMapping.evaluate(
            mappings.inputs, in: visibleVariables(from: activity.scope, at: number))
        guard !mappings.inputs.isEmpty || !mappings.outputs.isEmpty else { return }
        let scope = instance.lastScope + 1
        record(.scopeOpened(scope: scope, parent: activity.scope, activity: number))
        if !inputs.isEmpty { record(.variablesSet(scope: scope, inputs)) }
    }

    /// What its outputs say goes out; the rest of its variables is gone.
    mutating func closeLocalScope(of number: Int) throws(IncidentCause) {
        let activity = activity(number)
        guard let mappings = definition.localMappings(of: activity.element), let scope = activity.innerScope,
            !instance.isLoopBody(activity)
        else { return }
        let outputs = try VariableMapping.evaluate(mappings.outputs, in: visibleVariables(from: scope, at: number))
        record(.scopeClosed(scope: scope))
        setVariables(outputs, from: activity.scope)
    }

    /// What the work of an activity gives. With output mappings it stays inside, for them to choose from; not with those of
    /// Camunda 7.
    mutating func setResult(_ variables: [Variable], of number: Int) {
        guard !variables.isEmpty else { return }
        let activity = activity(number)
        let mappings = definition.localMappings(of: activity.element)
        if let scope = activity.innerScope, let mappings, !mappings.outputs.isEmpty, !mappings.passesResult {
            record(.variablesSet(scope: scope, variables))
        } else {
            setVariables(variables, from: activity.innerScope ?? activity.scope)
        }
    }
}
