/// Who makes a request, and what he may do. Every question about rights is answered here, of the thing that is finally touched.
package struct Access: Sendable, Hashable {
    /// The name of the key, as the audit log has it.
    package let name: String
    private let rights: Set<Right>
    /// The workflows that may be touched; nil: all.
    private let workflows: [NamePattern]?

    package init(name: String, rights: Set<Right>, workflows: [NamePattern]? = nil) {
        self.name = name
        self.rights = rights
        self.workflows = workflows
    }

    /// Who has shown nothing: no right at all.
    package static let nobody = Access(name: "nobody", rights: [])
    /// Who reaches a server on loopback that has no keys: everything.
    package static let local = Access(name: "local", rights: Set(Right.allCases))

    /// Whether there are workflows that may not be touched.
    package var isScoped: Bool { workflows != nil }

    /// Whether a workflow, or something else that has a name, is among those that may be touched. `nil`, whose name nobody knows,
    /// is only for those who may touch everything.
    package func admits(_ workflow: String?) -> Bool {
        guard let workflows else { return true }
        guard let workflow else { return false }
        return workflows.contains { $0.admits(workflow) }
    }

    /// Throws unless the right is there for something: what it is for is asked next, of each thing that is found.
    package func requireAnywhere(_ right: Right) throws(AccessDenial) {
        guard rights.contains(right) else { throw AccessDenial(right: right, name: name, reason: .missing) }
    }

    /// Throws unless the right is there, for all of the installation.
    package func require(_ right: Right) throws(AccessDenial) {
        try requireAnywhere(right)
        guard workflows == nil else { throw AccessDenial(right: right, name: name, reason: .installation) }
    }

    /// Throws unless the right is there, for this workflow.
    package func require(_ right: Right, on workflow: String?) throws(AccessDenial) {
        try requireAnywhere(right)
        guard admits(workflow) else {
            throw AccessDenial(right: right, name: name, reason: .workflow(workflow, workflows ?? []))
        }
    }
}

/// Somebody who is known may not do this.
package struct AccessDenial: Error, Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// No role of the key has the right.
        case missing
        /// The key is for some workflows, and this is about all of the installation.
        case installation
        /// The key is for others.
        case workflow(String?, [NamePattern])
    }
    /// That it would take.
    package var right: Right
    /// Of the key.
    package var name: String
    package var reason: Reason

    package init(right: Right, name: String, reason: Reason) {
        self.right = right
        self.name = name
        self.reason = reason
    }

    package var message: String {
        switch reason {
        case .missing:
            let roles = KeyRole.allCases.filter { $0.rights.contains(right) }.map(\.rawValue).joined(separator: ", ")
            return
                "this needs the right '\(right.rawValue)', which the key '\(name)' does not have; roles that do: \(roles)"
        case .installation:
            return
                "this needs the right '\(right.rawValue)' on the whole installation, and the key '\(name)' is for some "
                + "workflows only"
        case .workflow(let workflow, let patterns):
            let list = patterns.map(\.text).joined(separator: ", ")
            return
                "this needs the right '\(right.rawValue)' on \(workflow.map { "'\($0)'" } ?? "what has no known workflow"), "
                + "and the key '\(name)' is for \(list)"
        }
    }
}
