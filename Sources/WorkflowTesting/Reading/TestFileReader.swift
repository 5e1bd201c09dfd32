package import Contracts
import OrderedCollections
import ProcessEngine
package import Values

extension TestFile {
    /// Reads a test file against what lies beside it. Throws every problem at once, with file, line and field.
    ///
    /// `model`: the file that the tests are of, unless they name another.
    package init(_ source: LocatedValue, in project: TestProject, model: String?) throws(Diagnostics) {
        var reader = TestFileReader(source, project: project)
        guard let file = reader.read(model: model) else { throw Diagnostics(reader.fields.diagnostics) }
        self = file
    }
}

/// Reads one test file. Tests do not depend on each other: what is wrong with one does not hide what is wrong with the next.
struct TestFileReader {
    var fields: FieldReader
    let project: TestProject
    /// The process that is tested; nil while it is being found.
    private(set) var definition: ProcessDefinition?

    init(_ source: LocatedValue, project: TestProject) {
        fields = FieldReader(source)
        self.project = project
    }

    static let fileFields = ["process", "model", "given", "mocks", "tests", "$schema"]
    static let testFields = ["name", "given", "mocks", "steps", "expect"]

    /// Nil if anything is wrong; `fields` has it all.
    mutating func read(model: String?) -> TestFile? {
        guard let top = fields.fields(of: fields.source.value, at: "", known: Self.fileFields) else { return nil }
        guard let definition = readProcess(top, model: model) else { return nil }
        self.definition = definition
        let given = readGiven(top, over: Self.nothing)
        let mocks = readMocks(top)
        var tests: [TestCase] = []
        let list = fields.list("tests", in: top)
        if list.isEmpty, fields.diagnostics.isEmpty {
            fields.report("missing-field", at: top.pointer, "there are no tests")
        }
        for (pointer, value) in list {
            guard let test = readTest(value, at: pointer, given: given, mocks: mocks) else { continue }
            if tests.contains(where: { $0.name == test.name }) {
                fields.report("duplicate", at: pointer, "there are two tests named \"\(test.name)\"")
            }
            tests.append(test)
        }
        guard fields.diagnostics.isEmpty else { return nil }
        return TestFile(name: fields.source.file, project: project, definition: definition, tests: tests)
    }

    /// The process that the file names, else the one of its model.
    private mutating func readProcess(_ top: FieldReader.Fields, model: String?) -> ProcessDefinition? {
        let named = fields.string("model", in: top)
        var candidates = project.definitions
        if let file = model ?? named {
            guard let found = project.models.first(where: { $0.file == file || $0.file.hasSuffix("/" + file) }) else {
                fields.report(
                    "unknown-model", at: top.pointer(to: "model"), "there is no model \(file)",
                    suggestion: Spelling.suggestion(for: file, among: project.models.map(\.file)))
                return nil
            }
            candidates = found.definitions
        }
        if let process = fields.string("process", in: top) {
            if let found = candidates.last(where: { $0.process == process }) { return found }
            fields.report(
                "unknown-process", at: top.pointer(to: "process"), "there is no process \(process)",
                suggestion: Spelling.suggestion(for: process, among: candidates.map(\.process)))
            return nil
        }
        guard fields.diagnostics.isEmpty else { return nil }
        if let only = candidates.first, candidates.count == 1 { return only }
        let names = candidates.map(\.process).joined(separator: ", ")
        fields.report(
            "missing-field", at: top.pointer,
            candidates.isEmpty ? "there is no model to test" : "which process: \(names)?",
            suggestion: candidates.isEmpty
                ? "put the tests beside their model, or name it by model" : "name it by process")
        return nil
    }

    private mutating func readTest(
        _ value: Value, at pointer: String, given: TestCase.Given, mocks: [Mock]
    ) -> TestCase? {
        guard let test = fields.fields(of: value, at: pointer, known: Self.testFields) else { return nil }
        let name = fields.string("name", in: test, required: true)
        let own = readMocks(test)
        let steps = readSteps(test)
        let expectation = fields.required("expect", in: test).flatMap {
            readExpectation($0, at: test.pointer(to: "expect"), isFinal: true)
        }
        let start = readGiven(test, over: given)
        guard let name, let expectation else { return nil }
        return TestCase(
            name: name, position: fields.source.position(of: pointer), given: start,
            mocks: own + mocks.filter { shared in !own.contains { $0.key == shared.key } }, steps: steps,
            expectation: expectation)
    }

    // MARK: What is given

    private static let nothing = TestCase.Given(
        now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), variables: [])

    private static let givenFields = ["now", "businessKey", "message", "start", "input", "variables"]

    /// Single inputs and variables of a test win over those of the file.
    private mutating func readGiven(_ owner: FieldReader.Fields, over shared: TestCase.Given) -> TestCase.Given {
        guard let value = owner.members["given"],
            let given = fields.fields(of: value, at: owner.pointer(to: "given"), known: Self.givenFields)
        else { return shared }
        var read = shared
        if let text = fields.string("now", in: given) {
            if let now = Timestamp(iso8601: text) {
                read.now = now
            } else {
                fields.report(
                    "invalid-time", at: given.pointer(to: "now"), "\"\(text)\" is not a moment",
                    suggestion: "write 2026-01-31T12:00:00Z")
            }
        }
        read.businessKey = fields.string("businessKey", in: given) ?? read.businessKey
        read.message = fields.string("message", in: given) ?? read.message
        read.start = element("start", in: given).map { ElementID($0) } ?? read.start
        if let input = members("input", in: given) {
            if let process = definition?.process, project.workflow(of: process) == nil {
                fields.report(
                    "no-contract", at: given.pointer(to: "input"), "no workflow contract names the process \(process)",
                    suggestion: "give variables instead of input")
            }
            read.input = .object(Self.merged(read.input?.members() ?? [], input.map { ($0.name, $0.value.json) }))
        }
        if let variables = members("variables", in: given) {
            let before = read.variables.map { (name: $0.name, value: $0.value) }
            read.variables = Self.merged(before, variables.map { ($0.name, $0.value.json) })
                .map { Variable(name: $0.name, value: $0.value) }
        }
        return read
    }

    private static func merged(
        _ first: [(name: String, value: JSON)], _ second: [(name: String, value: JSON)]
    ) -> [(name: String, value: JSON)] {
        let both = OrderedDictionary((first + second).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return both.map { ($0.key, $0.value) }
    }

    // MARK: Parts

    /// The members of a mapping with their places; nil if it is absent or none.
    mutating func members(_ name: String, in owner: FieldReader.Fields) -> [Expectation.Member]? {
        guard let value = owner.members[name] else { return nil }
        let pointer = owner.pointer(to: name)
        guard let object = value.objectValue else {
            fields.report("wrong-type", at: pointer, "\(name) must be a mapping, not \(value.kindName)")
            return nil
        }
        return object.map { key, value in
            Expectation.Member(
                name: key, value: value,
                position: fields.source.position(of: JSONPointer.appending(key, to: pointer)))
        }
    }

    mutating func variables(_ name: String, in owner: FieldReader.Fields) -> [Variable] {
        (members(name, in: owner) ?? []).map { Variable(name: $0.name, value: $0.value.json) }
    }

    /// The id of an element that is there.
    mutating func element(_ name: String, in owner: FieldReader.Fields) -> String? {
        fields.string(name, in: owner).flatMap { element($0, at: owner.pointer(to: name)) }
    }

    /// As the file names it; one of another process is `process/element`.
    mutating func element(_ text: String, at pointer: String) -> String? {
        let place = place(of: text)
        let definitions = project.definitions.filter { place.process == nil || $0.process == place.process }
        if definitions.contains(where: { $0.element(place.element) != nil }) { return text }
        fields.report(
            "unknown-element", at: pointer, "there is no element \"\(text.prefix(100))\"",
            suggestion: Spelling.suggestion(
                for: place.element.text, among: definitions.flatMap { $0.elements.map(\.id.text) }))
        return nil
    }

    func place(of text: String) -> Simulation.Place {
        guard let slash = text.firstIndex(of: "/") else { return Simulation.Place(ElementID(text)) }
        return Simulation.Place(ElementID(String(text[text.index(after: slash)...])), in: String(text[..<slash]))
    }
}
