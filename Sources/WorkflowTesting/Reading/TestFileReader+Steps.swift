import Contracts
import OrderedCollections
import ProcessEngine
import Values

/// What happens in a test from outside: each step has one of these words, and what belongs to it.
private enum StepWord: String, CaseIterable {
    case advance, fire, message, signal, complete, fail, error, event, claim, escalate, trigger, set, resolve, cancel,
        expect

    /// What else may stand beside it.
    var fields: [String] {
        switch self {
        case .advance, .fire, .set, .cancel, .expect: []
        case .message: ["key", "variables", "to", "timeToLive"]
        case .signal, .complete, .trigger: ["variables"]
        case .fail: ["message", "details", "retry"]
        case .error: ["on", "message", "variables"]
        case .event: ["on", "payload"]
        case .claim: ["by"]
        case .escalate: ["on", "variables"]
        case .resolve: ["retries"]
        }
    }
}

extension TestFileReader {
    mutating func readSteps(_ test: FieldReader.Fields) -> [TestCase.Step] {
        fields.list("steps", in: test).compactMap { readStep($1, at: $0) }
    }

    private mutating func readStep(_ value: Value, at pointer: String) -> TestCase.Step? {
        let words = StepWord.allCases.filter { value.objectValue?[$0.rawValue] != nil }
        // `message` is also what is said of a failure or an error.
        let others = words.filter { word in !words.contains { $0.fields.contains(word.rawValue) } }
        guard let word = others.first, others.count == 1 else {
            let known = StepWord.allCases.map(\.rawValue).joined(separator: ", ")
            fields.report("invalid-step", at: pointer, "a step has one of \(known)")
            return nil
        }
        guard let step = fields.fields(of: value, at: pointer, known: [word.rawValue] + word.fields),
            let kind = readKind(word, in: step)
        else { return nil }
        return TestCase.Step(kind: kind, position: fields.source.position(of: pointer))
    }

    private mutating func readKind(_ word: StepWord, in step: FieldReader.Fields) -> TestCase.Step.Kind? {
        let name = word.rawValue
        switch word {
        case .expect:
            return step.members[name].flatMap {
                readExpectation($0, at: step.pointer(to: name), isFinal: false)
            }.map { .expect($0) }
        case .advance: return fields.duration(name, in: step, allowingZero: true).map { .act(.advance($0)) }
        case .fire: return place(name, in: step).map { .act(.fireTimer($0)) }
        case .set: return .act(.setVariables(variables(name, in: step)))
        case .cancel: return fields.string(name, in: step).map { .act(.cancel(reason: $0)) }
        case .message:
            let variables = variables("variables", in: step)
            let to = element("to", in: step).map { ElementID($0) }
            let life = fields.duration("timeToLive", in: step, allowingZero: true)
            return fields.string(name, in: step).map {
                .act(.publish($0, key: step.members["key"]?.json, variables: variables, to: to, timeToLive: life))
            }
        case .signal:
            let variables = variables("variables", in: step)
            return fields.string(name, in: step).map { .act(.signal($0, variables: variables)) }
        case .complete:
            let variables = variables("variables", in: step)
            guard let place = place(name, in: step) else { return nil }
            check(variables, at: step.pointer(to: "variables"), against: contract(of: place))
            return .act(.complete(place, variables))
        case .trigger:
            let variables = variables("variables", in: step)
            return place(name, in: step).map { .act(.trigger($0, variables)) }
        case .fail:
            let failure = TaskFailure(
                message: fields.string("message", in: step) ?? "failed", details: fields.string("details", in: step),
                retry: fields.bool("retry", in: step))
            return place(name, in: step).map { .act(.fail($0, failure)) }
        case .claim:
            let assignee = fields.string("by", in: step)
            return place(name, in: step).map { .act(.claim($0, assignee: assignee)) }
        case .resolve:
            let retries = fields.integer("retries", in: step, within: 1...1000)
            return place(name, in: step).map { .act(.resolveIncident($0, retries: retries)) }
        case .error, .escalate, .event: return readReport(word, in: step)
        }
    }

    /// What an agent or a person says of a task that is open.
    private mutating func readReport(_ word: StepWord, in step: FieldReader.Fields) -> TestCase.Step.Kind? {
        guard let text = fields.string(word.rawValue, in: step), fields.required("on", in: step) != nil,
            let place = place("on", in: step)
        else { return nil }
        let variables = variables("variables", in: step)
        if word == .escalate { return .act(.escalate(place, code: text, variables: variables)) }
        if word == .event {
            return .act(.report(place, name: text, payload: step.members["payload"]?.json ?? .emptyObject))
        }
        let message = fields.string("message", in: step)
        return .act(.throwError(place, BPMNError(code: text, message: message, variables: variables)))
    }

    private mutating func place(_ name: String, in step: FieldReader.Fields) -> Simulation.Place? {
        element(name, in: step).map { place(of: $0) }
    }
}
