import Contracts
import OrderedCollections
import ProcessEngine
import Values

extension TestFileReader {
    private static let expectationFields = [
        "state", "error", "rejection", "path", "exactPath", "visited", "notVisited", "waiting", "output", "variables",
        "incidents", "tasks", "conditions", "elapsed",
    ]

    /// At the end of a test a state is always expected: `Completed`, unless something else says or implies another.
    mutating func readExpectation(_ value: Value, at pointer: String, isFinal: Bool) -> Expectation? {
        guard let expected = fields.fields(of: value, at: pointer, known: Self.expectationFields) else { return nil }
        var read = Expectation(position: fields.source.position(of: pointer))
        read.error = text("error", in: expected)
        read.rejection = text("rejection", in: expected)
        read.path = elements("path", in: expected)
        read.exactPath = elements("exactPath", in: expected)
        read.visited = single("visited", in: expected)
        read.notVisited = single("notVisited", in: expected)
        read.waiting = elements("waiting", in: expected)
        read.output = members("output", in: expected) ?? []
        if let first = read.output.first, let definition, project.workflow(of: definition.process) == nil {
            fields.report(
                "no-contract", at: expected.pointer(to: "output"),
                "no workflow contract names the process \(definition.process): it has no output like \(first.name)",
                suggestion: "expect variables")
        }
        read.variables = members("variables", in: expected) ?? []
        if expected.has("incidents") {
            read.incidents = part("incidents", in: expected, readIncidents(expected))
        }
        read.tasks = readTasks(expected)
        read.conditions = fields.list("conditions", in: expected).compactMap { pointer, value in
            fields.string(value, at: pointer).flatMap { condition($0, at: pointer) }
        }
        read.elapsed = fields.duration("elapsed", in: expected, allowingZero: true).map {
            part("elapsed", in: expected, $0)
        }
        read.state = readState(expected, read, isFinal: isFinal)
        return read
    }

    private mutating func readState(
        _ expected: FieldReader.Fields, _ read: Expectation, isFinal: Bool
    ) -> Expectation.Part<Expectation.State>? {
        guard let text = fields.string("state", in: expected) else {
            if let error = read.error { return Expectation.Part(wanted: .completedWithError, position: error.position) }
            if let why = read.rejection { return Expectation.Part(wanted: .rejected, position: why.position) }
            if let incidents = read.incidents, !incidents.wanted.isEmpty {
                return Expectation.Part(wanted: .incident, position: incidents.position)
            }
            if let waiting = read.waiting, !waiting.wanted.isEmpty {
                return Expectation.Part(wanted: .running, position: waiting.position)
            }
            return isFinal ? Expectation.Part(wanted: .completed, position: read.position) : nil
        }
        if let state = Expectation.State(rawValue: text) { return part("state", in: expected, state) }
        let states = Expectation.State.allCases.map(\.rawValue)
        fields.report(
            "invalid-value", at: expected.pointer(to: "state"), "state is one of \(states.joined(separator: ", "))",
            suggestion: Spelling.suggestion(for: text, among: states))
        return nil
    }

    private mutating func readIncidents(_ expected: FieldReader.Fields) -> [Expectation.Incident] {
        fields.list("incidents", in: expected).compactMap { pointer, value in
            guard let incident = fields.fields(of: value, at: pointer, known: ["element", "kind", "message"]),
                fields.required("element", in: incident) != nil, let element = element("element", in: incident)
            else { return nil }
            return Expectation.Incident(
                element: element, kind: fields.string("kind", in: incident),
                message: fields.string("message", in: incident), position: fields.source.position(of: pointer))
        }
    }

    private mutating func readTasks(_ expected: FieldReader.Fields) -> [Expectation.Work] {
        (members("tasks", in: expected) ?? []).compactMap { member in
            let pointer = JSONPointer.appending(member.name, to: expected.pointer(to: "tasks"))
            guard let element = element(member.name, at: pointer),
                let work = fields.fields(of: member.value, at: pointer, known: ["count", "input"])
            else { return nil }
            return Expectation.Work(
                element: element, count: fields.integer("count", in: work, within: 0...1_000_000),
                input: members("input", in: work) ?? [], position: member.position)
        }
    }

    private func part<Wanted>(
        _ name: String, in expected: FieldReader.Fields, _ wanted: Wanted
    ) -> Expectation.Part<Wanted> {
        Expectation.Part(wanted: wanted, position: fields.source.position(of: expected.pointer(to: name)))
    }

    private mutating func text(_ name: String, in expected: FieldReader.Fields) -> Expectation.Part<String>? {
        fields.string(name, in: expected).map { part(name, in: expected, $0) }
    }

    private mutating func elements(_ name: String, in expected: FieldReader.Fields) -> Expectation.Part<[String]>? {
        guard expected.has(name) else { return nil }
        return part(name, in: expected, single(name, in: expected).map(\.wanted))
    }

    private mutating func single(_ name: String, in expected: FieldReader.Fields) -> [Expectation.Part<String>] {
        fields.list(name, in: expected).compactMap { pointer, value in
            fields.string(value, at: pointer).flatMap { element($0, at: pointer) }.map {
                Expectation.Part(wanted: $0, position: fields.source.position(of: pointer))
            }
        }
    }
}
