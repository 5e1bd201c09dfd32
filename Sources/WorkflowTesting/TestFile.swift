import Contracts
import ProcessEngine
import Values

/// Tests of one process, as their file says. `contracts/testing.md` has the format.
package struct TestFile: Sendable {
    package let name: String
    let project: TestProject
    let definition: ProcessDefinition
    let tests: [TestCase]
}

/// One test: what is given, what the world answers and does, and what is to come of it.
struct TestCase: Sendable {
    let name: String
    let position: SourcePosition
    let given: Given
    let mocks: [Mock]
    let steps: [Step]
    let expectation: Expectation

    struct Given: Sendable {
        /// When the test begins.
        var now: Timestamp
        var businessKey: String?
        /// The message that starts the process.
        var message: String?
        /// The start event, where there are several.
        var start: ElementID?
        /// As a caller gives it: the workflow contract adds its defaults and checks it.
        var input: JSON?
        /// As they are.
        var variables: [Variable]
    }

    /// What happens from outside, and where it is written.
    struct Step: Sendable {
        enum Kind: Sendable {
            case act(Simulation.Action)
            case expect(Expectation)
        }
        let kind: Kind
        let position: SourcePosition
    }
}

/// Answers in the place of agents, people and called processes.
struct Mock: Sendable {
    /// The elements that it answers for, in whichever process they are.
    let elements: [Simulation.Place]
    /// As the file names it: `media.probe@1`, `Probe`.
    let key: String
    let answers: [Answer]

    struct Answer: Sendable {
        enum Kind: Sendable {
            case output([Variable])
            case failure(TaskFailure)
            case error(BPMNError)
        }
        let kind: Kind
        /// How long the work takes.
        let delay: Duration
        /// Holds for the inputs that it answers; nil: answers are used in order, the last again and again.
        let condition: TestCondition?
        let position: SourcePosition
    }
}

/// What is to be seen. A part that is nil is not looked at.
struct Expectation: Sendable {
    enum State: String, Sendable, CaseIterable {
        case running = "Running"
        case completed = "Completed"
        case completedWithError = "CompletedWithError"
        case canceled = "Canceled"
        case incident = "Incident"
        /// The start was refused; no instance was made.
        case rejected = "Rejected"
    }

    /// A part of what is expected, and where it is written.
    struct Part<Wanted: Sendable>: Sendable {
        let wanted: Wanted
        let position: SourcePosition
    }

    struct Member: Sendable {
        let name: String
        let value: Value
        let position: SourcePosition
    }

    struct Incident: Sendable {
        let element: String
        let kind: String?
        /// Is part of the message.
        let message: String?
        let position: SourcePosition
    }

    struct Work: Sendable {
        let element: String
        let count: Int?
        let input: [Member]
        let position: SourcePosition
    }

    var position: SourcePosition
    var state: Part<State>?
    var error: Part<String>?
    /// Is part of why the start was refused.
    var rejection: Part<String>?
    /// In this order; others may come between.
    var path: Part<[String]>?
    /// These and no others.
    var exactPath: Part<[String]>?
    var visited: [Part<String>] = []
    var notVisited: [Part<String>] = []
    /// Where it waits, in any order.
    var waiting: Part<[String]>?
    var output: [Member] = []
    var variables: [Member] = []
    var incidents: Part<[Incident]>?
    var tasks: [Work] = []
    var conditions: [TestCondition] = []
    /// Since the start.
    var elapsed: Part<Duration>?
}
