import Foundation
import Testing
import Values

/// What people who stage live through, from the first release to a rollback, on real processes.
@Suite(.serialized) struct StagingStoryTests {
    @Test(.timeLimit(.minutes(30)))
    func `releases go from dev to prod, whole or not at all, whatever happens on the way`() async throws {
        let world = try TwoInstallations("story")
        defer { world.tearDown() }
        try world.start()
        for site in [world.dev, world.prod] { try world.launch(site) }
        for site in [world.dev, world.prod] { try await world.waitUntilReady(site) }
        let story = Story(world: world)
        do {
            try await story.firstReleaseByBundle()
            try await story.instancesStart()
            try story.conflictingEdit()
            try await story.crashes(before: story.secondPlan())
            try await story.secondReleaseDirectly()
            try await story.migration()
            try story.breakingChange()
            try await story.rollback()
        } catch {
            print(world.transcript)
            throw error
        }
        if let file = ProcessInfo.processInfo.environment["WAYBILL_STORY_TRANSCRIPT"] {
            try world.transcript.write(toFile: file, atomically: true, encoding: .utf8)
        }
    }
}

private struct Story {
    let world: TwoInstallations
    private var dev: TwoInstallations.Site { world.dev }
    private var prod: TwoInstallations.Site { world.prod }
    private var direct: [String] { ["--from", dev.url, "--to", prod.url] }

    init(world: TwoInstallations) { self.world = world }

    private func push(_ files: StoryFiles, _ message: String, to site: TwoInstallations.Site) throws -> String {
        let directory = try files.write(to: world.shared.directory.appending(path: "files"))
        return try world.waybill(
            "push", directory, "--prune", "-m", message, "--author", "anna", at: site)
    }

    private func expect(_ text: String, _ parts: String..., place: SourceLocation = #_sourceLocation) {
        for part in parts { #expect(text.contains(part), "\(part) is not in:\n\(text)", sourceLocation: place) }
    }

    func firstReleaseByBundle() async throws {
        _ = try push(.first, "ingest and archive", to: dev)
        let bundle = world.shared.directory.appending(path: "release-1.tar").path
        let key = world.shared.directory.appending(path: "release.key").path
        let publicKey = try world.waybill("stage", "key", key).trimmingCharacters(in: .whitespacesAndNewlines)
        try world.waybill("stage", "bundle", "-o", bundle, "--sign", key, at: dev)
        let plan = try world.waybill("stage", "plan", "--bundle", bundle, "--to", prod.url, status: 2)
        expect(
            plan, "Signed by \(publicKey)", "added: workflow media.ingest", "Plan: 4 to add, 0 to modify, 0 to delete")
        try world.waybill(
            "stage", "apply", "--bundle", bundle, "--to", prod.url, "-m", "release 1", "--author", "ben", "--yes")
        let again = try world.waybill("stage", "plan", "--bundle", bundle, "--to", prod.url)
        expect(again, "Plan: 0 to add, 0 to modify, 0 to delete, 4 unchanged")
        expect(try await world.state(of: prod), "ingest:1 media.ingest 1.0 true", "\"differences\":0,")
    }

    /// They wait at their first step: no agent serves it yet.
    func instancesStart() async throws {
        for number in 1...3 {
            try world.waybill("start", "media.ingest", "--set", "sourceUri=file:\(number)", at: prod)
        }
        try world.waybill("start", "media.archive", "--set", "sourceUri=file:old", at: prod)
    }

    /// Somebody changes the review in prod, while dev changes it otherwise.
    func conflictingEdit() throws {
        var files = StoryFiles.first
        files.review("1.1", more: "timeout: PT1H\n")
        _ = try push(files, "reviewers are slow today", to: prod)
        _ = try push(.second, "ingest takes notes, reports instead of the archive", to: dev)
        let plan = try world.waybill("stage", "plan", "--from", dev.url, "--to", prod.url, status: 1)
        expect(
            plan, "conflict: task media.review (not decided)", "added: workflow media.report",
            "modified: workflow media.ingest", "3 running of ingest:1 (version 1.0): they stay on it; all can migrate",
            "deleted: workflow media.archive", "1 conflict to decide")
        let (status, refused) = try world.outcome(["stage", "apply"] + direct + ["-m", "release 2", "--yes"])
        #expect(status == 1)
        expect(refused, "nothing was changed")
    }

    private var decided: [String] { direct + ["--overwrite", "media.review"] }

    /// The fingerprint of the second release.
    func secondPlan() throws -> String {
        let (status, plan) = try world.outcome(["stage", "plan"] + decided)
        #expect(status == 2)
        expect(plan, "conflict: task media.review (the source counts)", "Plan: 2 to add, 3 to modify, 1 to delete")
        let line = plan.split(separator: "\n").last { $0.hasPrefix("Fingerprint: ") }
        return String(try #require(line).dropFirst("Fingerprint: ".count))
    }

    // MARK: - Crashes

    /// Applies the second release to copies of prod, whose server ends itself at every commit and every publish in turn, and then
    /// again: each time the copy comes to what it is after an apply that nothing disturbed.
    func crashes(before plan: String) async throws {
        world.stop(prod)
        let before = prod.database
        let calm = try await undisturbed(plan)
        var passed: [String] = []
        for work in ["change", "reconcile"] {
            for number in 1... {
                guard let point = try await crash("\(work):\(number)", plan, calm: calm, template: before) else {
                    #expect(number > 2, "\(work) has points to end at")
                    break
                }
                passed.append(point)
            }
        }
        print("staging story: ended at \(passed.joined(separator: "; "))")
        prod.database = before
        try world.launch(prod)
        try await world.waitUntilReady(prod)
    }

    private func undisturbed(_ plan: String) async throws -> String {
        try world.copy(prod.database, to: "calm")
        prod.database = "calm"
        try world.launch(prod)
        try await world.waitUntilReady(prod)
        expect(try apply(plan).text, "Applied: revision 3.")
        let state = try await world.state(of: prod)
        world.stop(prod)
        return state
    }

    private func apply(_ plan: String) throws -> (status: Int32, text: String) {
        try world.outcome(["stage", "apply"] + decided + ["--plan", plan, "-m", "release 2", "--author", "ben"])
    }

    /// What it ended at; nil if there is no such point.
    private func crash(_ fault: String, _ plan: String, calm: String, template: String) async throws -> String? {
        let copy = fault.replacing(":", with: "_")
        try world.copy(template, to: copy)
        prod.database = copy
        try world.launch(prod, fault: fault)
        try await world.waitUntilReady(prod)
        _ = try apply(plan)
        let isOver = await world.answers(prod)
        world.stop(prod)
        guard !isOver else { return nil }
        let line = world.shared.logTail("prod", lines: 1)
        #expect(line.hasPrefix("fault point \(fault): "), "it ended otherwise: \(line)")
        // The deployment service of the server that comes next may end at any of its points as well.
        try world.launch(prod, fault: "reconcile:1")
        try? await world.waitUntilReady(prod)
        world.stop(prod)

        try world.launch(prod)
        try await world.waitUntilReady(prod)
        let rerun = try apply(plan)
        #expect(rerun.status == 0, "after \(line): \(rerun.text)")
        let state = try await world.state(of: prod)
        #expect(state == calm, "after \(line)")
        world.stop(prod)
        try world.sql("DROP DATABASE \(copy)")
        return String(line.dropFirst("fault point ".count))
    }

    // MARK: - Releases

    func secondReleaseDirectly() async throws {
        let (status, text) = try world.outcome(
            ["stage", "apply"] + decided + ["-m", "release 2", "--author", "ben", "--yes"])
        #expect(status == 0)
        expect(text, "Applied: revision 3.")
        expect(
            try await world.state(of: prod), "ingest:1 media.ingest 1.0 true", "ingest:2 media.ingest 1.1 true",
            "report:1 media.report 1.0 true", "archive:1 media.archive 1.0 false")
        let (closed, refusal) = try world.outcome(
            ["start", "media.archive", "--set", "sourceUri=file:new"], at: prod)
        #expect(closed != 0)
        expect(refusal, "media.archive")
    }

    // MARK: - Migration

    /// The three that wait at the probe go over to the release with a note, and come to their end in it.
    func migration() async throws {
        let versions = ["--from", "1.0", "--to", "1.1"]
        let plan = try world.waybill(["migrate", "media.ingest"] + versions + ["--dry-run"], at: prod)
        expect(plan, "From 1.0 (ingest:1) to 1.1 (ingest:2)", "Dry run: 3 possible")
        #expect(try await instances("ingest") == ["ingest:1 Running", "ingest:1 Running", "ingest:1 Running"])
        let migrated = try world.waybill(["migrate", "media.ingest"] + versions, at: prod)
        expect(migrated, "3 migrated")
        try await world.until("the index shows the new version") {
            try await instances("ingest") == ["ingest:2 Running", "ingest:2 Running", "ingest:2 Running"]
        }
        let again = try world.waybill(["migrate", "media.ingest"] + versions, at: prod)
        expect(again, "no running instances")

        let program = try world.program(
            "work", "cat >/dev/null; echo '{\"durationSeconds\": 12, \"approved\": true, \"noted\": true}'")
        for contract in ["media.probe@1", "media.review@1", "media.note@1"] {
            try world.startAgent(prod, contract, exec: program)
        }
        try await world.until("all instances are over") {
            let states = try await instances("ingest") + instances("archive")
            return states == ["ingest:2 Completed", "ingest:2 Completed", "ingest:2 Completed", "archive:1 Completed"]
        }
        #expect(try await notes() == [1, 1, 1])
        // Dev has the same queues under its prefix, and agents that see those alone.
        try world.startAgent(dev, "media.probe@1", exec: program)
        try world.waybill("start", "media.report", "--set", "sourceUri=file:dev", "--wait", "--timeout", "60", at: dev)
    }

    /// The instances of a process in prod: what they run and how they are.
    private func instances(_ process: String) async throws -> [String] {
        let rows = try await HTTP(port: prod.port).request("GET", "/v1/instances?limit=100").body["instances"]
        return (rows?.elements() ?? []).map {
            "\($0["definition"]?.stringValue ?? "-") \($0["state"]?.stringValue ?? "-")"
        }.filter { $0.hasPrefix(process + ":") }
    }

    /// How often each ingest did what only its new version asks for.
    private func notes() async throws -> [Int] {
        let http = HTTP(port: prod.port)
        let rows = try await http.request("GET", "/v1/instances?limit=100").body["instances"]?.elements() ?? []
        var counts: [Int] = []
        for row in rows where row["definition"]?.stringValue == "ingest:2" {
            let id = row["id"]?.stringValue ?? ""
            let tasks = try await http.request("GET", "/v1/instances/\(id)").body["tasks"]?.elements() ?? []
            counts.append(
                tasks.count { $0["element"]?.stringValue == "note" && $0["state"]?.stringValue == "Completed" })
        }
        return counts
    }

    // MARK: - More releases

    /// A new minor version may not break its users: it is refused, and released as a new major.
    func breakingChange() throws {
        let directory = try StoryFiles.third(probe: "1.2").write(to: world.shared.directory.appending(path: "files"))
        let (status, refusal) = try world.outcome(
            ["push", directory, "--prune", "-m", "checksums", "--author", "anna"], at: dev)
        #expect(status == 1)
        expect(refusal, "checksum", "media.probe")
        _ = try push(.third(probe: "2.0"), "checksums", to: dev)
        let (planned, plan) = try world.outcome(["stage", "plan"] + direct)
        #expect(planned == 2)
        expect(
            plan, "modified: task media.probe", "1.1 → 2.0: a new major version",
            "used by media.ingest@2.0 (as @2, now 2.0)", "used by media.report@1.0 (as @1, still 1.1)",
            "modified: workflow media.ingest")
        let (applied, text) = try world.outcome(
            ["stage", "apply"] + direct + ["-m", "release 3", "--author", "ben", "--yes"])
        #expect(applied == 0)
        expect(text, "Applied: revision 4.")
    }

    /// What was after the second release is again.
    func rollback() async throws {
        let text = try world.waybill(
            "stage", "rollback", "-m", "checksums are slow", "--author", "ben", "--yes", at: prod)
        expect(text, "Rolled back: revision 5.")
        let http = HTTP(port: prod.port)
        func artifacts(_ query: String) async throws -> String {
            try await http.request("GET", "/v1/config/artifacts\(query)").body.text
        }
        #expect(try await artifacts("") == artifacts("?revision=3"))
        let log = try world.waybill("log", at: prod)
        expect(log, "restores #3", "release 3", "release 2", "release 1")
        expect(try world.waybill("deployment", at: prod), "The engine has what revision 5 says.")
        // The next plan offers again what was taken back.
        let (status, plan) = try world.outcome(["stage", "plan"] + direct)
        #expect(status == 2)
        expect(plan, "modified: task media.probe")
    }
}
