import Contracts
import ProcessEngine
import Testing
import Values
import YAMLReader

@Suite struct ContractTests {
    @Test func `reads a whole contract`() throws {
        let contract = try Sample.contract(Sample.transcode)

        #expect(contract.kind == .task)
        #expect(contract.reference == "media.transcode@2.1")
        #expect(contract.key == ContractKey(name: "media.transcode", major: 2))
        #expect(contract.title == "Transcode a media file")
        #expect(contract.categories == ["media"])
        #expect(contract.errors == [Contract.DeclaredError(code: "UNSUPPORTED_CODEC", description: "No decoder")])
        #expect(contract.events.map(\.name) == ["warning"])
        #expect(contract.secrets == ["password"])
        #expect(contract.examples.count == 1)
    }

    @Test func `its policy is what the engine keeps`() throws {
        let expected = TaskPolicy(
            version: "2.1", maxAttempts: 5, backoff: .seconds(10), multiplier: 1.5, maxBackoff: .seconds(300),
            timeout: .seconds(7200),
            heartbeat: .seconds(30), priority: 10, concurrency: 8, settings: ["password"])
        #expect(try Sample.contract(Sample.transcode).policy == expected)
    }

    @Test func `a contract that says little has the defaults`() throws {
        let contract = try Sample.task()

        #expect(contract.policy == TaskPolicy(version: "1.0"))
        #expect(contract.input.text == #"{"type":"object","properties":{},"additionalProperties":false}"#)
        #expect(contract.output.text == #"{"type":"object"}"#)
    }

    @Test func `a backoff above the default limit raises the limit`() throws {
        let contract = try Sample.task("a", "1.0", "retry: {backoff: PT1H}")
        #expect(contract.retry.maxBackoff == .seconds(3600))
    }

    @Test(arguments: [
        Sample.transcode,
        "kind: task\nname: a\nversion: '0.0'",
        "kind: workflow\nname: w\nversion: '1.0'\nprocess: p\nobjectId: b\ninput: {type: object, properties: {z: {}, b: {}, a: {}}}",
        "kind: decision\nname: d\nversion: '1.0'\ndecision: Routing",
        "kind: decision\nname: d\nversion: '1.0'\nevents: [{name: e, interrupting: true, description: x}]\nexamples: [{output: {}}]",
    ])
    func `what is stored reads back the same`(text: String) throws {
        let contract = try Sample.contract(text)
        let stored = contract.canonical
        let again = try Contract(canonical: JSON(validating: stored.bytes))

        #expect(again == contract)
        #expect(again.canonical == stored)
    }

    @Test func `what is stored keeps the order of the inputs and not that of the fields`() throws {
        let one = try Sample.contract(
            "name: a\nkind: task\nversion: '1.0'\ninput: {type: object, properties: {z: {}, a: {}}}")
        let other = try Sample.contract(
            "kind: task\n\n# a comment\ninput: {type: object, properties: {z: {}, a: {}}}\nversion: '1.0'\nname: a")

        #expect(one.canonical == other.canonical)
        #expect(one.canonical.text.contains(#""properties":{"z":{},"a":{}}"#))
    }

    @Test func `every problem is told at once, with line and field`() {
        let found = Sample.problems(
            """
            kind: tusk
            name: Media.Transcode
            version: 2.10
            inputs: {}
            timeout: two hours
            retry: {maxAttempts: 0, backof: PT1S}
            errors:
              - code: A
              - code: A
              - cod: B
            concurrency: many
            """)
        #expect(
            found == [
                #"4: [unknown-field] there is no field "inputs"; did you mean "input"?"#,
                #"1: [invalid-value] kind must be task, workflow, decision, not "tusk"; did you mean "task"?"#,
                #"2: [invalid-name] "Media.Transcode" is not a contract name; use lower-case words joined by dots, at most 100 characters, as in media.transcode"#,
                #"3: [unquoted-version] a version is text, not a number: 2.10 would be read as 2.1; quote the version, as in version: "2.10""#,
                #"6: [unknown-field] there is no field "backof"; did you mean "backoff"?"#,
                "6: [invalid-value] maxAttempts must be a whole number from 1 to 10000",
                "5: [invalid-duration] timeout must be an ISO 8601 duration; write PT30S, PT10M or P1D",
                #"9: [duplicate] the error code "A" is declared twice"#,
                #"10: [unknown-field] there is no field "cod"; did you mean "code"?"#,
                #"10: [missing-field] the field "code" is missing"#,
                "11: [invalid-value] concurrency must be a whole number from 1 to 1000000",
            ])
    }

    @Test(arguments: [
        ("version: '1'", "invalid-version"), ("version: '1.0.0'", "invalid-version"),
        ("version: '01.0'", "invalid-version"),
        ("version: ''", "invalid-value"), ("version: [1]", "wrong-type"),
        ("version: '1.0'\nversion: '1.1'", "duplicate-key"),
        ("version: '1.0'\nheartbeat: PT2H", "invalid-value"), ("version: '1.0'\ntimeout: PT0S", "invalid-duration"),
        ("version: '1.0'\ntimeout: P1M", "invalid-duration"), ("version: '1.0'\ntimeout: P400D", "invalid-duration"),
        ("version: '1.0'\ntimeout: 30", "invalid-duration"), ("version: '1.0'\nprocess: p", "unknown-field"),
        ("version: '1.0'\ninput: {type: array}", "invalid-schema"),
        ("version: '1.0'\ninput: {properties: {}}", "invalid-schema"),
        ("version: '1.0'\ninput: true", "wrong-type"), ("version: '1.0'\ninput: {type: objekt}", "invalid-schema"),
        ("version: '1.0'\nobjectId: nope", "unknown-field"), ("version: '1.0'\nsecrets: [a, a]", "duplicate"),
        ("version: '1.0'\nsecrets: a", "wrong-type"), ("version: '1.0'\ntitle: true", "wrong-type"),
        ("version: '1.0'\nexamples: [{input: {a: 1}}]", "example-mismatch"),
        ("version: '1.0'\nevents: [{name: e, payload: {type: strin}}]", "invalid-schema"),
        ("version: '1.0'\nretry: {backoff: PT10M, maxBackoff: PT1M}", "invalid-value"),
        ("version: '1.0'\npriority: 1.5", "invalid-value"), ("version: '1.0'\ntimeout:", "invalid-duration"),
    ])
    func `refuses what is wrong`(rest: String, code: String) {
        let found = Sample.problems("kind: task\nname: a\n\(rest)")
        #expect(found.count == 1)
        #expect(found.first?.contains("[\(code)]") == true, "\(found)")
    }

    @Test(arguments: ["[]", "just text", "42", "null"])
    func `refuses a file that holds no contract`(text: String) {
        #expect(Sample.problems(text).first?.contains("[wrong-type]") == true)
    }

    @Test func `a workflow needs its process`() {
        let found = Sample.problems("kind: workflow\nname: a\nversion: '1.0'")
        #expect(found == [#"1: [missing-field] the field "process" is missing"#])
    }

    @Test func `the object id of a workflow is one of its inputs`() {
        let found = Sample.problems(
            "kind: workflow\nname: a\nversion: '1.0'\nprocess: p\nobjectId: ordr\ninput: {type: object, properties: {order: {}}}"
        )
        #expect(found == [#"5: [unknown-input] objectId names no input: "ordr"; did you mean "order"?"#])
    }

    @Test func `a mistake inside a schema is told with its own line`() {
        let found = Sample.problems(
            """
            kind: task
            name: a
            version: "1.0"
            input:
              type: object
              properties:
                size:
                  type: integer
                  minimum: small
                label:
                  type: string
                  patern: "^a"
            """)
        #expect(found.count == 2)
        #expect(found.contains("9: [invalid-schema] properties.size.minimum must be a number, not \"small\""))
        #expect(found.contains(#"12: [invalid-schema] there is no schema keyword "patern"; did you mean "pattern"?"#))
    }

    @Test func `a schema that cannot be meant is told with its lines`() {
        let found = Sample.problems(
            """
            kind: task
            name: a
            version: "1.0"
            input:
              type: object
              properties:
                when: {type: string, format: dat-time}
                size:
                  type: integer
                  minimum: 5
                  maximum: 3
                kind: {type: string, enum: [a, 1]}
              required: [sise]
            output:
              type: object
              required: [sizes]
              additionalProperties: false
            """)
        #expect(
            found.sorted() == [
                #"10: [invalid-schema] minimum 5 and maximum 3 leave no value; correct one of them"#,
                #"12: [invalid-schema] 1 is not text, as type wants it; put it in quotes"#,
                #"16: [invalid-schema] "sizes" is required and not allowed: no property has that name; declare it in properties"#,
                #"7: [invalid-schema] there is no format "dat-time"; did you mean "date-time"?"#,
            ])
    }

    @Test func `a required input is one of the inputs`() {
        let found = Sample.problems(
            """
            kind: task
            name: a
            version: "1.0"
            input:
              type: object
              required: [order, sise]
              properties: {order: {}, size: {}}
            """)
        #expect(
            found == [#"6: [invalid-schema] "sise" is required, and is none of the inputs; did you mean "size"?"#])
    }

    @Test(arguments: [
        ("a", true), ("media.transcode", true), ("a-1.b2", true), ("a.1", true), ("", false), ("1a", false),
        ("A", false), ("a.", false),
        (".a", false), ("a..b", false), ("a_b", false), ("ä", false), ("a b", false),
        (String(repeating: "a", count: 100), true),
        (String(repeating: "a", count: 101), false),
    ])
    func `knows a contract name`(text: String, isName: Bool) {
        #expect(Contract.isName(text) == isName)
    }

    @Test(arguments: [
        ("a.b", Contract.Wanted.latest), ("a.b@latest", .latest), ("a.b@2", .newest(ofMajor: 2)),
        ("a.b@2.10", .exactly(ContractVersion(major: 2, minor: 10))),
    ])
    func `reads a reference to a contract`(text: String, wanted: Contract.Wanted) {
        let reference = Contract.parseReference(text)
        #expect(reference?.name == "a.b")
        #expect(reference?.wanted == wanted)
    }

    @Test(arguments: ["", "@2", "a@", "a@x", "a@1.2.3", "A@1", "a@1@2"])
    func `refuses what is no reference`(text: String) {
        #expect(Contract.parseReference(text) == nil)
    }

    @Test func `versions are ordered as numbers`() throws {
        let texts = ["10.0", "2.10", "2.9", "2.0"]
        let sorted = texts.compactMap { ContractVersion($0) }.sorted().map(\.description)
        #expect(sorted == ["2.0", "2.9", "2.10", "10.0"])
    }

    @Test(arguments: [
        ("proces", ["process", "product"], "process"), ("vesrion", ["version", "title"], "version"),
        ("xyz", ["process"], nil),
        ("kid", ["kind"], "kind"), ("", ["a"], nil),
        ("media.transcde", ["media.transcode", "media.probe"], "media.transcode"),
    ])
    func `finds what was meant`(word: String, candidates: [String], meant: String?) {
        #expect(Spelling.nearest(to: word, among: candidates) == meant)
    }
}
