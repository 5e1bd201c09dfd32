import Testing
import WorkflowTesting

/// What is wrong with a test file is said at its line, all at once.
struct TestFileTests {
    private static let contract =
        "{kind: task, name: work, version: '1.0', output: {type: object, required: [n], properties: {n: {type: number}}}, errors: [{code: BAD}]}"

    @Test(arguments: [
        ("tests: []", ["1: missing-field"]),
        ("tests: [{name: a}]", ["1: missing-field"]),
        ("test: []", ["1: unknown-field"]),
        ("process: q\ntests: [{name: a, expect: {}}]", ["1: unknown-process"]),
        ("tests:\n- name: a\n  expect: {path: [strat]}", ["3: unknown-element"]),
        ("tests:\n- name: a\n  expect: {stat: Completed}", ["3: unknown-field"]),
        ("tests:\n- name: a\n  expect: {state: completed}", ["3: invalid-value"]),
        ("tests:\n- name: a\n  steps:\n  - advance: soon\n  expect: {}", ["4: invalid-duration"]),
        ("tests:\n- name: a\n  steps:\n  - {advance: PT1S, signal: x}\n  expect: {}", ["4: invalid-step"]),
        ("tests:\n- name: a\n  steps:\n  - {error: BAD}\n  expect: {}", ["4: missing-field"]),
        ("tests:\n- {name: a, expect: {}}\n- {name: a, expect: {}}", ["3: duplicate"]),
        ("mocks:\n  wrok: {output: {n: 1}}\ntests: [{name: a, expect: {}}]", ["2: unknown-element"]),
        ("mocks:\n  start: {output: {n: 1}}\ntests: [{name: a, expect: {}}]", ["2: not-a-task"]),
        ("mocks:\n  work: {output: {}, error: BAD}\ntests: [{name: a, expect: {}}]", ["2: invalid-value"]),
        ("mocks:\n  work: {output: {n: 1}, when: 'a ='}\ntests: [{name: a, expect: {}}]", ["2: invalid-expression"]),
        ("given: {input: {n: 1}}\ntests: [{name: a, expect: {}}]", ["1: no-contract"]),
        ("given: {now: today}\ntests: [{name: a, expect: {}}]", ["1: invalid-time"]),
        ("tests: [{name: a, expect: {output: {n: 1}}}]", ["1: no-contract"]),
    ])
    func `a mistake is told with its line`(text: String, expected: [String]) throws {
        #expect(problems(text, in: try project(oneTask, contracts: [Self.contract])) == expected)
    }

    @Test(arguments: [
        "mocks:\n  work@1:\n    output: {n: many}",
        "mocks:\n  work: [{fail: no}, {\noutput: {}}]",
        "mocks:\n  work:\n    error: WORSE",
    ])
    func `a mock that no agent could send is a mistake`(mocks: String) throws {
        let found = problems(
            mocks + "\ntests: [{name: a, expect: {}}]", in: try project(oneTask, contracts: [Self.contract]))

        #expect(found == ["3: contract-violated"] || found == ["3: unknown-error"])
    }

    @Test func `a step that no agent could take is a mistake too`() throws {
        let found = problems(
            "tests:\n- name: a\n  steps:\n  - complete: work\n    variables: {n: x}\n  expect: {}",
            in: try project(oneTask, contracts: [Self.contract]))

        #expect(found == ["5: contract-violated"])
    }
}
