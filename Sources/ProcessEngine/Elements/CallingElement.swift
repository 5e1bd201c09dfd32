import Values

/// An element that has another instance run for it.
package protocol CallingElement: FlowElement {
    /// The called instance completed, with these variables.
    func completed(_ call: CallEvent.Call, with variables: [Variable], in step: inout Step) throws(IncidentCause)

    /// What its outputs take of the called instance's variables.
    func passedBack(_ variables: [Variable], in step: Step) throws(IncidentCause) -> [Variable]

    /// What it takes of them though the called instance ended with an error that is caught.
    func passedBack(_ variables: [Variable], withErrorIn step: Step) -> [Variable]
}

/// A call whose instance is over, with what it gave all the same.
struct ReturnedCall: Sendable {
    let call: CallEvent.Call
    let variables: [Variable]
}

extension CallEvent.Call {
    /// What the contract it was called by promises of the result, if it was called by one; or what is wrong with it.
    func checked(
        _ variables: [Variable], against contracts: any TaskContracts
    ) -> Result<[Variable], ContractViolation> {
        guard case .contract(let contract) = target.binding else { return .success(variables) }
        let output = JSON.object(declared(variables, by: contracts).map { ($0.name, $0.value) })
        return contracts.checkOutput(output, of: contract).map(\.variables)
    }

    /// Those that the contract it was called by knows.
    func declared(_ variables: [Variable], by contracts: any TaskContracts) -> [Variable] {
        guard case .contract(let contract) = target.binding else { return variables }
        let names = contracts.outputNames(of: contract) ?? []
        return names.isEmpty ? variables : variables.filter { names.contains($0.name) }
    }
}

extension JSON {
    /// The members of an object as variables.
    var variables: [Variable] { (members() ?? []).map { Variable(name: $0.name, value: $0.value) } }
}
