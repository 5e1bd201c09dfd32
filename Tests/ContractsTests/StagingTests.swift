import Contracts
import Staging
import Testing
import Values

@Suite struct ChangeSetTests {
    private func file(_ contract: Contract, hash: String? = nil) -> SourceFile {
        let content = contract.canonical
        return SourceFile(
            path: "\(contract.name)-\(contract.version).yaml", content: .contract(contract), bytes: content.bytes,
            hash: hash ?? "h(\(content.text.count) \(contract.reference))")
    }

    private func bpmn(_ path: String, _ processes: [String], hash: String = "b1") -> SourceFile {
        SourceFile(path: path, content: .bpmn(processes: processes), bytes: Array(hash.utf8), hash: hash)
    }

    private func problems(_ files: [SourceFile], head: ChangeSet? = nil, contracts: [Contract] = []) -> [String] {
        do {
            _ = try ChangeSet(files: files, head: head?.entries ?? [], headContracts: contracts)
            return []
        } catch {
            return error.all.map { "\($0.file): [\($0.code)] \($0.message)" }
        }
    }

    @Test func `findings about a version or a change say where it is written`() throws {
        var old = try Sample.task("a", "1.0")
        var new = try Sample.task("a", "1.1", "input: {type: object, required: [x], properties: {x: {}}}")
        old.places.positions = ["/version": SourcePosition(line: 3, column: 10)]
        new.places.positions = [
            "/version": SourcePosition(line: 4, column: 10), "/input/properties/x": SourcePosition(line: 8, column: 5),
        ]
        let head = [Artifact(kind: "task", name: "a", version: "1.0", hash: "other")]
        let error = #expect(throws: Diagnostics.self) {
            try ChangeSet(files: [self.file(old), self.file(new)], head: head, headContracts: [old])
        }
        #expect(error?.all.map { "\($0.code) \($0.position.line)" } == ["version-exists 3", "breaking-change 8"])
    }

    @Test(arguments: [("a.bpmn", true), ("A.BPMN20.xml", true), ("a.xml", false), ("bpmn", false)])
    func `a model is known by its name`(path: String, expected: Bool) {
        #expect(SourceFile.isModel(path) == expected)
    }

    @Test func `a first push adds everything`() throws {
        let files = [
            bpmn("ingest.bpmn", ["ingest"]), file(try Sample.workflow("media.ingest", "1.0", process: "ingest")),
            file(try Sample.task("a", "1.0")),
        ]
        let change = try ChangeSet(files: files, head: [], headContracts: [])

        #expect(
            change.added.map { "\($0.kind) \($0.name) \($0.version)" } == [
                "bpmn ingest 1.0", "task a 1.0", "workflow media.ingest 1.0",
            ])
        #expect(change.entries == change.added)
        #expect(change.contents.count == 3)
        #expect(!change.isEmpty)
    }

    @Test func `the same files again change nothing`() throws {
        let files = [bpmn("p.bpmn", ["p"]), file(try Sample.workflow("w", "1.0", process: "p"))]
        let head = try ChangeSet(files: files, head: [], headContracts: []).entries
        let change = try ChangeSet(files: files, head: head, headContracts: [Sample.workflow("w", "1.0", process: "p")])

        #expect(change.isEmpty)
        #expect(change.unchanged.count == 2)
        #expect(change.entries == head)
        #expect(change.contents.isEmpty)
    }

    @Test func `a new version is a change, and the old one stays`() throws {
        let old = try Sample.task("a", "1.9")
        let new = try Sample.task("a", "1.10", "title: New")
        let head = try ChangeSet(files: [file(old)], head: [], headContracts: []).entries
        let change = try ChangeSet(files: [file(new)], head: head, headContracts: [old])

        #expect(change.changed.map(\.version) == ["1.10"])
        #expect(change.entries.map(\.version) == ["1.9", "1.10"])
    }

    @Test func `what no file has stays when merging and goes when replacing`() throws {
        let head = try ChangeSet(
            files: [file(Sample.task("a", "1.0")), file(Sample.task("b", "1.0"))], head: [], headContracts: []
        ).entries
        let files = [file(try Sample.task("b", "1.0"))]

        #expect(try ChangeSet(files: files, head: head, headContracts: []).isEmpty)
        let replaced = try ChangeSet(files: files, head: head, headContracts: [], scope: .replace)
        #expect(replaced.removed.map(\.name) == ["a"])
        #expect(replaced.entries.map(\.name) == ["b"])
    }

    @Test func `other content needs another version`() throws {
        let old = try Sample.task("media.transcode", "2.1")
        let head = try ChangeSet(files: [file(old)], head: [], headContracts: [])
        let changed = file(try Sample.task("media.transcode", "2.1", "title: Other"))

        #expect(
            problems([changed], head: head, contracts: [old])
                == [
                    "media.transcode-2.1.yaml: [version-exists] version 2.1 of media.transcode exists with other content: title is new"
                ])
    }

    @Test func `of many differences the first are told`() throws {
        let old = try Sample.task("a", "1.0", "title: A\ntimeout: PT1M\ncategories: [x]")
        let head = try ChangeSet(files: [file(old)], head: [], headContracts: [])
        let changed = try Sample.task("a", "1.0", "title: B\ntimeout: PT2M\ncategories: [y]\npriority: 3")
        let found = try #require(problems([file(changed, hash: "other")], head: head, contracts: [old]).first)
        #expect(found.contains(#"title was "A", is "B""#) && found.hasSuffix("; and 2 more"), "\(found)")
    }

    /// Git gives a file other ends of lines on the way.
    @Test func `a model with other ends of lines is what the store has, under the hash that it has there`() throws {
        let workflow = try Sample.workflow("w", "1.0", process: "p")
        let head = try ChangeSet(
            files: [bpmn("p.bpmn", ["p"], hash: "old"), file(workflow)], head: [], headContracts: [])
        var same = bpmn("p.bpmn", ["p"], hash: "lf")
        same.spellings = ["lf", "old"]
        let again = try ChangeSet(files: [same, file(workflow)], head: head.entries, headContracts: [workflow])
        #expect(again.isEmpty && again.entries == head.entries && again.contents.isEmpty)
        // A new version gets the hash of its own.
        let next = try Sample.workflow("w", "1.1", process: "p")
        let raised = try ChangeSet(files: [same, file(next)], head: head.entries, headContracts: [workflow])
        #expect(raised.entries.filter { $0.kind == "bpmn" }.map(\.hash) == ["old", "lf"])
    }

    @Test(arguments: [
        ("a\nb\n", "a\nb\n", "a\r\nb\r\n"), ("a\r\nb", "a\nb", "a\r\nb"),
        ("a\r\nb\n\rc\r", "a\nb\n\rc\r", "a\r\nb\r\n\rc\r"),
        ("", "", ""),
    ])
    func `ends of lines are unified and nothing else`(text: String, unified: String, wide: String) {
        #expect(LineEnds.unified(Array(text.utf8)) == Array(unified.utf8))
        let spellings = Set(LineEnds.spellings(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) })
        #expect(spellings.map { Array($0.utf8) }.contains(Array(text.utf8)))
        #expect(LineEnds.spellings(of: Array(text.utf8)).prefix(2) == [Array(unified.utf8), Array(wide.utf8)])
    }

    @Test func `a changed model needs another version of its workflow`() throws {
        let workflow = try Sample.workflow("w", "1.0", process: "p")
        let head = try ChangeSet(files: [bpmn("p.bpmn", ["p"]), file(workflow)], head: [], headContracts: [])

        #expect(
            problems([bpmn("p.bpmn", ["p"], hash: "b2"), file(workflow)], head: head, contracts: [workflow])
                == ["p.bpmn: [version-exists] version 1.0 of the process p exists with other content"])
        let next = try Sample.workflow("w", "1.1", process: "p")
        let change = try ChangeSet(
            files: [bpmn("p.bpmn", ["p"], hash: "b2"), file(next)], head: head.entries, headContracts: [workflow])
        #expect(
            change.changed.map { "\($0.kind) \($0.version) \($0.hash.prefix(2))" } == [
                "bpmn 1.1 b2", "workflow 1.1 h(",
            ])
    }

    @Test func `tells everything that does not fit together`() throws {
        let found = problems([
            file(try Sample.workflow("w", "1.0", process: "ingset")), bpmn("one.bpmn", ["ingest"]),
            bpmn("two.bpmn", ["ingest"]),
            file(try Sample.task("a", "1.0")), file(try Sample.task("a", "1.0", "title: x"), hash: "z"),
        ])
        #expect(
            found == [
                "a-1.0.yaml: [duplicate] a@1.0 is also in a-1.0.yaml",
                "two.bpmn: [duplicate] the process ingest is also in one.bpmn",
                #"w-1.0.yaml: [unknown-process] w@1.0 names the process "ingset", which no BPMN file has"#,
                "one.bpmn: [process-without-contract] no workflow contract names the process ingest",
            ])
    }

    @Test func `a new minor must not break the last one`() throws {
        let old = try Sample.task("a", "1.0", "errors: [{code: E}]")
        let head = try ChangeSet(files: [file(old)], head: [], headContracts: [])

        #expect(
            problems([file(try Sample.task("a", "1.1"))], head: head, contracts: [old]).map { $0.prefix(30) } == [
                "a-1.1.yaml: [breaking-change] "
            ])
        #expect(problems([file(try Sample.task("a", "2.0"))], head: head, contracts: [old]) == [])
    }

    @Test func `an older version than the newest of its major is refused`() throws {
        let newest = try Sample.task("a", "1.2")
        let head = try ChangeSet(files: [file(newest)], head: [], headContracts: [])

        #expect(
            problems([file(try Sample.task("a", "1.1"))], head: head, contracts: [newest])
                == ["a-1.1.yaml: [old-version] version 1.1 of a is older than 1.2, which exists"])
        #expect(problems([file(try Sample.task("a", "0.9"))], head: head, contracts: [newest]) == [])
    }

    @Test func `one name is of one kind`() throws {
        let task = try Sample.task("a", "1.0")
        let head = try ChangeSet(files: [file(task)], head: [], headContracts: [])
        let found = problems(
            [file(try Sample.workflow("a", "2.0", process: "p")), bpmn("p.bpmn", ["p"])], head: head, contracts: [task])

        #expect(found == ["a-2.0.yaml: [duplicate] a exists as a task contract"])
    }
}

@Suite struct ReconciliationTests {
    typealias R = Reconciliation

    private static func wanted(_ process: String, _ hash: String, _ version: String = "1.0") -> R.WantedProcess {
        R.WantedProcess(process: process, hash: hash, workflow: "w.\(process)", workflowVersion: version)
    }

    private static func deployed(
        _ process: String, _ hash: String, _ workflowVersion: String? = "1.0", version: Int = 1, open: Bool = true
    ) -> R.DeployedProcess {
        R.DeployedProcess(
            process: process, version: version, hash: hash, workflow: workflowVersion == nil ? nil : "w.\(process)",
            workflowVersion: workflowVersion, open: open)
    }

    private static let contract = R.ContractState(kind: "task", name: "a", version: "1.0", content: .emptyObject)

    private func plan(
        _ wanted: [R.WantedProcess] = [], _ deployed: [R.DeployedProcess] = [], contracts: [R.ContractState] = [],
        deployedContracts: [R.ContractState] = []
    ) -> [R.Action] {
        R.plan(
            wantedContracts: contracts, wantedProcesses: wanted, deployedContracts: deployedContracts,
            deployedProcesses: deployed, policy: .report
        ).actions
    }

    @Test(
        arguments: [
            ([], [], []),
            ([wanted("p", "1")], [deployed("p", "1")], []),
            ([wanted("p", "1")], [], [.deployProcess(wanted("p", "1"))]),
            ([wanted("p", "2")], [deployed("p", "1")], [.deployProcess(wanted("p", "2"))]),
            ([wanted("p", "1", "1.1")], [deployed("p", "1", "1.0")], [.deployProcess(wanted("p", "1", "1.1"))]),
            ([wanted("p", "2", "1.10"), wanted("p", "1", "1.9")], [deployed("p", "2", "1.10")], []),
            // One after the other, oldest first; none below what is there, and back to an older one at once.
            (
                [wanted("p", "2", "1.10"), wanted("p", "1", "1.9"), wanted("p", "0", "1.8")],
                [deployed("p", "0", "1.8")], [.deployProcess(wanted("p", "1", "1.9"))]
            ),
            (
                [wanted("p", "2", "1.10"), wanted("p", "1", "1.9")], [deployed("p", "3", "2.0")],
                [.deployProcess(wanted("p", "2", "1.10"))]
            ),
            ([wanted("p", "1")], [deployed("p", "1", version: 2), deployed("p", "0", version: 1)], []),
            ([], [deployed("p", "1")], [.close(process: "p")]),
            ([], [deployed("p", "1", open: false)], []),
            ([], [deployed("p", "1", nil)], []),
            ([wanted("p", "1")], [deployed("p", "1", open: false)], [.reopen(process: "p")]),
            (
                [wanted("p", "2")], [deployed("p", "1", open: false)],
                [.deployProcess(wanted("p", "2")), .reopen(process: "p")]
            ),
            (
                [wanted("b", "1"), wanted("a", "1")], [deployed("c", "1")],
                [.deployProcess(wanted("a", "1")), .deployProcess(wanted("b", "1")), .close(process: "c")]
            ),
        ] as [([R.WantedProcess], [R.DeployedProcess], [R.Action])])
    func `makes the engine equal to the store`(
        wanted: [R.WantedProcess], deployed: [R.DeployedProcess], expected: [R.Action]
    ) {
        #expect(plan(wanted, deployed) == expected)
    }

    /// p:1 as the store wants it, p:2 on top of it, q:1 of which the store knows nothing; by hand.
    @Test(
        arguments: [
            (.report, []), (.correct, [.deployProcess(wanted("p", "1")), .close(process: "q")]),
        ] as [(R.DriftPolicy, [R.Action])])
    func `drift is told, and by policy corrected`(policy: R.DriftPolicy, expected: [R.Action]) {
        let deployed = [
            Self.deployed("p", "1"), Self.deployed("p", "2", nil, version: 2), Self.deployed("q", "1", nil),
            Self.deployed("r", "1", nil, open: false),
        ]
        let plan = R.plan(
            wantedContracts: [], wantedProcesses: [Self.wanted("p", "1")], deployedContracts: [],
            deployedProcesses: deployed, policy: policy)
        #expect(plan.actions == expected)
        #expect(
            plan.drift == [
                R.Drift(kind: .replaced, process: "p", version: 2), R.Drift(kind: .foreign, process: "q", version: 1),
            ])
    }

    @Test func `what was deployed by hand before the store wanted it becomes the store's`() {
        #expect(
            plan([Self.wanted("p", "1")], [Self.deployed("p", "1", nil)]) == [.deployProcess(Self.wanted("p", "1"))])
    }

    @Test func `contracts come before processes, and stay when the store drops them`() {
        var newer = Self.contract
        newer.content = .emptyArray
        let process = Self.wanted("p", "1")

        #expect(
            plan([process], contracts: [Self.contract]) == [.deployContract(Self.contract), .deployProcess(process)])
        #expect(plan(contracts: [Self.contract], deployedContracts: [Self.contract]) == [])
        #expect(plan(contracts: [newer], deployedContracts: [Self.contract]) == [.deployContract(newer)])
        #expect(plan(deployedContracts: [Self.contract]) == [])
    }

    @Test func `the answer does not depend on the order of what it is given`() {
        let wanted = (0..<20).map { Self.wanted("p\($0)", "1") }
        let deployed = (10..<30).map { Self.deployed("p\($0)", "0") }
        let expected = plan(wanted, deployed)

        #expect(plan(wanted.reversed(), deployed.reversed()) == expected)
        #expect(expected.count == 30)
    }
}
