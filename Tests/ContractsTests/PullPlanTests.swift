import Staging
import Testing

@Suite struct PullPlanTests {
    private static let transcode = PullPlan.Wanted(
        subjects: ["task media.transcode 2"], path: "media.transcode.yaml", artifact: "new", bytes: Array("new".utf8),
        json: Array("{}".utf8))

    private static func local(
        _ path: String, artifact: String = "old", fileHash: String = "f",
        subjects: [String] = ["task media.transcode 2"]
    ) -> PullPlan.Local {
        PullPlan.Local(path: path, subjects: subjects, artifact: artifact, fileHash: fileHash)
    }

    private static func plan(
        _ local: PullPlan.Local..., wanted: [PullPlan.Wanted] = [transcode], pulled: [String: String] = [:],
        force: Bool = false
    ) -> PullPlan {
        PullPlan(wanted: wanted, local: local, pulled: pulled, force: force)
    }

    @Test func `an empty directory gets every file`() {
        let plan = Self.plan()
        #expect(plan.writes.map(\.path) == ["media.transcode.yaml"] && plan.refused.isEmpty)
    }

    @Test func `a file that says the same stays as it is, wherever it is`() {
        let plan = Self.plan(Self.local("contracts/transcode.yaml", artifact: "new"))
        #expect(plan.kept == ["contracts/transcode.yaml"] && plan.writes.isEmpty)
    }

    @Test func `other ends of lines are no change`() {
        var model = PullPlan.Local(
            path: "p.bpmn", subjects: ["bpmn p"], artifact: "crlf", fileHash: "crlf", spellings: ["lf", "crlf"])
        func wanted(_ hash: String) -> PullPlan.Wanted {
            PullPlan.Wanted(subjects: ["bpmn p"], path: "p.bpmn", artifact: hash, bytes: [])
        }
        #expect(Self.plan(model, wanted: [wanted("lf")]).kept == ["p.bpmn"])
        let next = Self.plan(model, wanted: [wanted("new")], pulled: ["p.bpmn": "lf"])
        #expect(next.writes.map(\.path) == ["p.bpmn"] && next.refused.isEmpty)
        #expect(Self.plan(model, wanted: [], pulled: ["p.bpmn": "lf"]).deletes == ["p.bpmn"])
        model.spellings = []
        #expect(Self.plan(model, wanted: [wanted("new")], pulled: ["p.bpmn": "lf"]).refused.count == 1)
    }

    @Test func `what the last pull wrote is replaced in its place, in its format`() {
        let plan = Self.plan(Self.local("contracts/transcode.json"), pulled: ["contracts/transcode.json": "f"])
        #expect(plan.writes.map(\.path) == ["contracts/transcode.json"])
        #expect(plan.writes.first?.bytes == Array("{}".utf8))
    }

    @Test func `a file changed here is refused, unless forced`() {
        let changed = Self.local("media.transcode.yaml", fileHash: "edited")
        let plan = Self.plan(changed, pulled: ["media.transcode.yaml": "f"])
        #expect(plan.refused.map(\.path) == ["media.transcode.yaml"] && plan.writes.isEmpty)
        #expect(Self.plan(changed, pulled: ["media.transcode.yaml": "f"], force: true).writes.count == 1)
    }

    @Test func `a file nobody pulled is not overwritten, even if it cannot be read`() {
        let broken = PullPlan.Local(path: "media.transcode.yaml", subjects: [], artifact: nil, fileHash: "x")
        #expect(Self.plan(broken).refused.map(\.path) == ["media.transcode.yaml"])
    }

    @Test func `what left the store leaves the directory, unless it was changed here`() {
        let gone = Self.local("old.yaml", subjects: ["task old 1"])
        #expect(Self.plan(gone, wanted: [], pulled: ["old.yaml": "f"]).deletes == ["old.yaml"])
        #expect(Self.plan(gone, wanted: [], pulled: ["old.yaml": "other"]).refused.map(\.path) == ["old.yaml"])
        #expect(Self.plan(gone, wanted: []).deletes.isEmpty)
    }
}
