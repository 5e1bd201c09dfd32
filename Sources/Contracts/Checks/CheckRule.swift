package import Values

/// What the check of models looks for. Each rule is one word that people can search for, in one row of `contracts/checks.md`.
package enum CheckRule: String, Sendable, CaseIterable {
    // Contracts.
    case unknownContract = "unknown-contract"
    case unknownProcess = "unknown-process"
    case unknownInput = "unknown-input"
    case missingInput = "missing-input"
    case inputType = "input-type"
    case outputType = "output-type"
    case notAList = "not-a-list"
    case unknownOutput = "unknown-output"
    case undeclaredError = "undeclared-error"
    case undeclaredEvent = "undeclared-event"
    case eventMismatch = "event-mismatch"
    // Variables.
    case undefinedVariable = "undefined-variable"
    case maybeUndefined = "maybe-undefined"
    case missingOutput = "missing-output"
    case maybeMissingOutput = "maybe-missing-output"
    case suspiciousExpression = "suspicious-expression"
    // Flow.
    case unreachable
    case deadlock
    case possibleDeadlock = "possible-deadlock"
    case missingJoin = "missing-join"
    case idleLoop = "idle-loop"
    case endlessRecursion = "endless-recursion"

    package var severity: Diagnostic.Severity {
        switch self {
        case .unknownContract, .unknownInput, .missingInput, .inputType, .unknownOutput, .undefinedVariable,
            .missingOutput, .notAList, .deadlock, .endlessRecursion:
            .error
        case .outputType, .unknownProcess, .undeclaredError, .undeclaredEvent, .eventMismatch, .maybeUndefined,
            .maybeMissingOutput,
            .suspiciousExpression, .unreachable, .possibleDeadlock, .missingJoin, .idleLoop:
            .warning
        }
    }

    /// What it means, in a sentence.
    package var summary: String {
        switch self {
        case .unknownContract: "An element names a contract or a version that does not exist, or one it cannot call."
        case .unknownInput: "A mapping gives an input that the contract does not have."
        case .missingInput: "A required input of a contract is not given."
        case .inputType: "A mapping gives a value that the contract's schema cannot accept."
        case .outputType: "What the process gives as an output is not what its workflow contract promises."
        case .notAList: "The collection of a multi-instance activity is no list."
        case .unknownProcess: "A call activity names a process that is in no model."
        case .unknownOutput: "A mapping reads an output that the contract does not have."
        case .undeclaredError: "A BPMN error is caught or thrown that the contract does not declare."
        case .undeclaredEvent: "A boundary event waits for an event that is nearly one of the contract's."
        case .eventMismatch: "A boundary event goes on, or ends its task, where the contract says the opposite."
        case .undefinedVariable: "An expression reads a variable that nothing before it defines."
        case .maybeUndefined: "An expression reads a variable that is not defined on every path to it."
        case .missingOutput: "Nothing produces a required output of the workflow contract."
        case .maybeMissingOutput: "A required output of the workflow contract is not produced on every path."
        case .suspiciousExpression: "An expression compares or combines what does not go together."
        case .unreachable: "Elements that can never run."
        case .deadlock: "A joining gateway that can never go on."
        case .possibleDeadlock: "A joining gateway that waits for ever on some path."
        case .missingJoin: "Parallel paths meet without a join, so that what follows runs more than once."
        case .idleLoop: "A loop without a wait state, in which nothing changes what its conditions read."
        case .endlessRecursion: "A workflow that calls itself without end."
        }
    }
}
