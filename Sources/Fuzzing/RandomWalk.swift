package import ProcessEngine
package import Values

/// What might happen next to an instance, and which of it does. The same dice take the same path.
package struct RandomWalk {
    package var dice: Dice
    /// Operators meddle, and set what a wild model reads.
    private let isWild: Bool

    package init(dice: Dice, isWild: Bool = false) {
        self.dice = dice
        self.isWild = isWild
    }

    /// One of the commands that the instance can be sent; nil if nothing is open.
    package mutating func command(for instance: ProcessInstance) -> Command? {
        var commands = instance.openTimers.map { Command.fireTimer(number: $0.number) }
        commands += instance.openIncidents.map { .resolveIncident(number: $0.number, retries: nil) }
        commands += instance.openTasks.map { command(for: $0, in: instance) }
        commands += instance.openUserTasks.map { command(for: $0) }
        for call in instance.openCalls {
            commands.append(.endCall(call: call.call, dice.roll(5) == 0 ? .failed(message: "dice") : .completed([])))
        }
        for subscription in instance.openSubscriptions {
            switch subscription.kind {
            case .message, .call:
                commands.append(.correlate(subscription: subscription.number, variables: [number("n")]))
            case .signal(let name):
                if commands.isEmpty || dice.roll(4) == 0 { commands.append(.signal(name: name, variables: [])) }
            case .condition: commands.append(.setVariables([number("n")]))
            case .answer: commands.append(.answerEscalation)
            }
        }
        if isWild {
            if dice.roll(6) == 0 { commands.append(.setVariables([number("m")])) }
            if dice.roll(30) == 0, let taken = dice.pick(instance.activeActivities) {
                commands.append(.modify([.cancel(activity: taken.number)]))
            }
        }
        if dice.roll(60) == 0 { commands.append(.cancel(reason: "dice")) }
        return dice.pick(commands)
    }

    private mutating func number(_ name: String) -> Variable { Variable(name: name, value: .number(dice.roll(12))) }

    private mutating func command(for task: OpenTask, in instance: ProcessInstance) -> Command {
        switch dice.roll(12) {
        case 0 where instance.activity(task.activity)?.incident == nil:
            .failTask(number: task.number, TaskFailure(message: "no", retry: dice.roll(2) == 0))
        case 1: .throwError(number: task.number, BPMNError(code: "BAD"))
        default: .completeTask(number: task.number, output: [number("n")])
        }
    }

    private mutating func command(for task: OpenUserTask) -> Command {
        switch dice.roll(8) {
        case 0: .throwUserTaskError(number: task.number, BPMNError(code: "BAD"))
        case 1: .escalateUserTask(number: task.number, code: "LATE", variables: [])
        case 2: .claimUserTask(number: task.number, assignee: "anna")
        default: .completeUserTask(number: task.number, variables: [number("n")])
        }
    }
}

/// No contract is deployed: tasks take and give anything.
package struct AnyWork: TaskContracts {
    package init() {}
    package func policy(of contract: ContractKey) -> TaskPolicy? { nil }
    package func inputNames(of contract: ContractKey) -> [String]? { nil }
    package func errorCodes(of contract: ContractKey) -> [String]? { nil }
    package func checkInput(_ input: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        .success(input)
    }
    package func checkOutput(_ output: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        .success(output)
    }
}
