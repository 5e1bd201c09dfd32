import Contracts
import Expressions
import OrderedCollections
import ProcessEngine
import Values

extension TestFileReader {
    private static let answerFields = [
        "output", "error", "fail", "message", "variables", "details", "retry", "after", "when",
    ]

    mutating func readMocks(_ owner: FieldReader.Fields) -> [Mock] {
        guard let value = owner.members["mocks"] else { return [] }
        let pointer = owner.pointer(to: "mocks")
        guard let mocks = value.objectValue else {
            fields.report("wrong-type", at: pointer, "mocks must be a mapping, not \(value.kindName)")
            return []
        }
        var read: [Mock] = []
        for (key, value) in mocks {
            let place = JSONPointer.appending(key, to: pointer)
            guard let elements = elements(of: key, at: place) else { continue }
            let contract = elements.compactMap { self.contract(of: $0) }.first
            var answers: [Mock.Answer] = []
            if let list = value.listValue {
                for (index, value) in list.enumerated() {
                    if let answer = readAnswer(value, at: "\(place)/\(index)", contract: contract) {
                        answers.append(answer)
                    }
                }
            } else if let answer = readAnswer(value, at: place, contract: contract) {
                answers.append(answer)
            }
            if answers.isEmpty, value.listValue?.isEmpty == true {
                fields.report("invalid-value", at: place, "the mock of \(key) has no answers")
            }
            read.append(Mock(elements: elements, key: key, answers: answers))
        }
        return read
    }

    /// Of an element's id, or of the name of a contract, with or without its major version: all tasks that ask for it.
    private mutating func elements(of key: String, at pointer: String) -> [Simulation.Place]? {
        let asked = project.definitions.flatMap { definition in
            definition.serviceTasks.filter { $0.contract?.description == key || $0.contract?.name == key }
                .map { Simulation.Place($0.id, in: definition.process) }
        }
        if !asked.isEmpty { return asked }
        let place = place(of: key)
        let answerable = project.definitions.filter { place.process == nil || $0.process == place.process }
            .compactMap { $0.element(place.element) }
        if answerable.contains(where: { $0 is any TaskElement || $0 is UserTask || $0 is CallActivity }) {
            return [place]
        }
        guard answerable.isEmpty else {
            fields.report("not-a-task", at: pointer, "\(key) has nothing to answer: it is no task and no call activity")
            return nil
        }
        let names = project.definitions.flatMap { definition in
            definition.elements.map(\.id.text) + definition.serviceTasks.compactMap(\.contract?.description)
        }
        fields.report(
            "unknown-element", at: pointer,
            "there is no element and no task contract \"\(key.prefix(100))\" in the model",
            suggestion: Spelling.suggestion(for: key, among: names))
        return nil
    }

    func contract(of place: Simulation.Place) -> ContractKey? {
        project.definitions.lazy.filter { place.process == nil || $0.process == place.process }
            .compactMap { ($0.element(place.element) as? ServiceTask)?.contract }.first
    }

    private mutating func readAnswer(_ value: Value, at pointer: String, contract: ContractKey?) -> Mock.Answer? {
        guard let answer = fields.fields(of: value, at: pointer, known: Self.answerFields) else { return nil }
        let kinds = ["output", "error", "fail"].filter { answer.has($0) }
        guard kinds.count == 1 else {
            fields.report(
                "invalid-value", at: pointer, "an answer is one of output, error and fail, not \(kinds.count) of them")
            return nil
        }
        let delay = fields.duration("after", in: answer, allowingZero: true) ?? .zero
        let condition = self.condition("when", in: answer)
        guard let kind = readKind(of: answer, contract: contract) else { return nil }
        return Mock.Answer(
            kind: kind, delay: delay, condition: condition, position: fields.source.position(of: pointer))
    }

    private mutating func readKind(of answer: FieldReader.Fields, contract: ContractKey?) -> Mock.Answer.Kind? {
        if answer.has("output") {
            guard let members = members("output", in: answer) else { return nil }
            let output = members.map { Variable(name: $0.name, value: $0.value.json) }
            check(output, at: answer.pointer(to: "output"), against: contract)
            return .output(output)
        }
        if let code = fields.string("error", in: answer) {
            if let contract, let declared = project.catalog.errorCodes(of: contract), !declared.contains(code) {
                fields.report(
                    "unknown-error", at: answer.pointer(to: "error"),
                    "no agent can answer with \(code): \(contract) does not declare it",
                    suggestion: Spelling.suggestion(for: code, among: declared))
            }
            let message = fields.string("message", in: answer)
            return .error(BPMNError(code: code, message: message, variables: variables("variables", in: answer)))
        }
        return fields.string("fail", in: answer).map { message in
            .failure(
                TaskFailure(
                    message: message, details: fields.string("details", in: answer),
                    retry: fields.bool("retry", in: answer)))
        }
    }

    /// What no agent could send is a mistake of the test.
    mutating func check(_ output: [Variable], at pointer: String, against contract: ContractKey?) {
        guard let contract else { return }
        switch project.catalog.checkOutput(.object(output.map { ($0.name, $0.value) }), of: contract) {
        case .success: return
        case .failure(let violation):
            for problem in violation.problems {
                fields.report(
                    "contract-violated", at: pointer, "no agent can send this: it does not fit \(contract): \(problem)")
            }
        }
    }

    /// FEEL, with or without the `=` that models write before it.
    mutating func condition(_ name: String, in owner: FieldReader.Fields) -> TestCondition? {
        fields.string(name, in: owner).flatMap { condition($0, at: owner.pointer(to: name)) }
    }

    mutating func condition(_ text: String, at pointer: String) -> TestCondition? {
        do throws(ExpressionError) {
            let source = text.first == "=" ? String(text.dropFirst().drop { $0 == " " }) : text
            return TestCondition(
                expression: try Expression.parse(source, as: .feel), position: fields.source.position(of: pointer))
        } catch {
            fields.report("invalid-expression", at: pointer, "\(error)")
            return nil
        }
    }
}
