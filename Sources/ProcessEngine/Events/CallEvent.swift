import Values

/// Calls of other processes. The service makes the called instance, and tells this one how it ended by
/// `Command.endCall`.
package enum CallEvent: Sendable, Hashable {
    case requested(Call)
    /// An escalation of the called instance came, and lets it go on: it is to be told so.
    case escalated(call: Int)
    case completed(call: Int)
    /// The called instance could not be made, or was canceled: an incident says so too.
    case failed(call: Int)
    /// It went away with its activity: the called instance is to be canceled.
    case canceled(call: Int)

    package struct Call: Sendable, Hashable {
        package var call: Int
        package var activity: Int
        package var element: ElementID
        package var target: CallTarget
        package var businessKey: String?
        package var variables: [Variable]
        /// What is caught that comes out of it, here or in the instances that called this one; nil: what wrote it did not know.
        package var catches: CaughtErrors?

        package init(
            call: Int, activity: Int, element: ElementID, target: CallTarget, businessKey: String?,
            variables: [Variable], catches: CaughtErrors? = nil
        ) {
            self.call = call
            self.activity = activity
            self.element = element
            self.target = target
            self.businessKey = businessKey
            self.variables = variables
            self.catches = catches
        }
    }
}

/// Which definition a call means.
package struct CallTarget: Sendable, Hashable {
    package enum Binding: Sendable, Hashable {
        case latest
        /// The version that was deployed together with the caller.
        case deployment
        case version(Int)
        case versionTag(String)
        /// The newest minor of a workflow contract.
        case contract(ContractKey)
    }
    /// The BPMN process id; of a contract, what it was at the time of the call, for people to read.
    package var process: String
    package var binding: Binding

    package init(process: String, binding: Binding = .latest) {
        self.process = process
        self.binding = binding
    }
}
