import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Staging
import Values

/// Staging from another installation: a bundle is the body, what a person chose is the query.
extension RESTAPI {
    /// The largest bundle, bytes.
    static let bundleLimit = 256 << 20

    func addStagingRoutes(to routes: Routes) {
        routes.get("/v1/config/bundle", .read(.installation)) { request, _ in try await bundle(request) }
        routes.post("/v1/config/staging/plan", .deploy(.installation)) { request, context in
            try await planStaging(request, context)
        }
        routes.post("/v1/config/staging/apply", .deploy(.installation)) { request, context in
            try await applyStaging(request, context)
        }
        routes.post("/v1/config/staging/rollback", .deploy(.installation)) { request, context in
            try await rollBack(request, context)
        }
        routes.post("/v1/config/staging/lease", .deploy(.installation)) { request, _ in try await takeLease(request) }
        routes.delete("/v1/config/staging/lease/{id}", .deploy(.installation)) { request, context in
            try request.allowQuery([])
            try await staging.releaseLease(context.text("id"))
            return Response(json: .emptyAnswer)
        }
    }

    private func bundle(_ request: Request) async throws -> Response {
        try request.allowQuery(["revision"])
        let bundle = try await staging.archive(of: request.queryNumber("revision"))
        return Response(
            status: .ok, headers: [.contentType: "application/x-tar"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bundle)))
    }

    private static let choices: Set<String> = ["only", "overwrite", "keep", "allowBreaking"]

    private func planStaging(_ request: Request, _ context: CallContext) async throws -> Response {
        context.record.note { $0.isDryRun = true }
        try request.allowQuery(Self.choices)
        let report = try await staging.plan(request.bundleBytes(), request.stagingOptions())
        var writer = JSONWriter()
        writer.stagingReport(report)
        return Response(json: writer)
    }

    private func applyStaging(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery(Self.choices.union(["plan", "author", "message", "lease"]))
        guard let plan = try request.filter("plan"), let lease = try request.filter("lease") else {
            throw Problem.badRequest("give the fingerprint of the plan, and a lease: ?plan=…&lease=…")
        }
        let person = StagingService.Person(author: request.query("author") ?? "unknown", lease: lease)
        let outcome = try await staging.apply(
            request.bundleBytes(), request.stagingOptions(), plan: plan, by: person,
            message: request.query("message") ?? "")
        context.record.note { $0.revision = outcome.revision?.number }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", outcome.status.rawValue)
        writer.key("revision")
        if let revision = outcome.revision { writer.revision(revision) } else { writer.null() }
        writer.endObject()
        return Response(status: outcome.status == .applied ? .created : .ok, json: writer)
    }

    private func rollBack(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery([])
        let body = try await request.body(
            ["revision", "head", "author", "message", "dryRun", "lease"], of: "a rollback")
        guard let lease = try body.string("lease"), !lease.isEmpty else {
            throw Problem.badRequest("a rollback needs a lease: a random text")
        }
        let person = StagingService.Person(author: try body.string("author") ?? "unknown", lease: lease)
        let rollback = try await staging.rollback(
            to: body.int("revision"), head: body.int("head"), by: person, message: body.string("message") ?? "",
            dryRun: body.bool("dryRun") ?? false)
        context.record.note {
            $0.isDryRun = rollback.revision == nil
            $0.revision = rollback.revision?.number
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("restored")
        writer.revision(rollback.restored)
        writer.key("head")
        writer.revision(rollback.head)
        writer.key("revision")
        if let revision = rollback.revision { writer.revision(revision) } else { writer.null() }
        writer.key("parts")
        writer.beginArray()
        for diff in rollback.diff {
            writer.beginObject()
            writer.diffMembers(diff)
            writer.key("instances")
            writer.instances(rollback.instances[diff.id] ?? [])
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(status: rollback.revision == nil ? .ok : .created, json: writer)
    }

    private func takeLease(_ request: Request) async throws -> Response {
        try request.allowQuery([])
        let body = try await request.body(["id", "holder", "seconds"], of: "a lease")
        let seconds = try body.int("seconds") ?? 600
        guard let id = try body.string("id"), (16...200).contains(id.utf8.count), (1...3600).contains(seconds) else {
            throw Problem.badRequest("a lease needs an id, a random text of 16 to 200 bytes, and 1 to 3600 seconds")
        }
        try await staging.takeLease(
            StagingService.Person(author: body.string("holder") ?? "somebody", lease: id), for: .seconds(seconds))
        return Response(json: .emptyAnswer)
    }
}

extension Request {
    fileprivate func bundleBytes() async throws -> [UInt8] {
        do {
            return try await Array(body.collect(upTo: RESTAPI.bundleLimit).readableBytesView)
        } catch {
            throw Problem(
                status: .contentTooLarge, title: "Content too large",
                detail: "a bundle may have at most \(RESTAPI.bundleLimit) bytes")
        }
    }

    fileprivate func stagingOptions() throws -> StagingService.Options {
        func list(_ name: String) -> [String] { query(name)?.split(separator: ",").map { String($0) } ?? [] }
        var options = StagingService.Options()
        options.only = list("only")
        options.overwrite = list("overwrite")
        options.keep = list("keep")
        let allows = try filter("allowBreaking")
        guard allows == nil || allows == "true" || allows == "false" else {
            throw Problem.badRequest("allowBreaking is true or false")
        }
        options.allowsBreaking = allows == "true"
        return options
    }
}

extension JSONWriter {
    fileprivate static var emptyAnswer: JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.endObject()
        return writer
    }

    mutating func stagingReport(_ report: StagingReport) {
        beginObject()
        member("plan", report.fingerprint)
        member("canApply", report.canApply)
        key("source")
        beginObject()
        member("store", report.origin.store)
        key("revision")
        int(report.origin.revision)
        member("author", report.origin.author)
        member("message", report.origin.message)
        member("at", report.origin.at)
        member("signedBy", report.signedBy)
        key("lastStaged")
        if let last = report.lastStaged { int(last) } else { null() }
        endObject()
        key("target")
        beginObject()
        member("store", report.target)
        key("head")
        if let head = report.head { revision(head) } else { null() }
        endObject()
        key("items")
        beginArray()
        for item in report.plan.items where item.action != .unchanged { self.item(item, report.effects[item.id]) }
        endArray()
        key("unchanged")
        int(report.plan.items.count { $0.action == .unchanged })
        key("missingSettings")
        beginArray()
        for missing in report.missingSettings {
            beginObject()
            member("contract", missing.contract)
            member("name", missing.name)
            endObject()
        }
        endArray()
        key("problems")
        beginArray()
        for finding in report.findings { diagnostic(finding) }
        endArray()
        endObject()
    }

    private mutating func item(_ item: StagingPlan.Item, _ effect: StagingReport.Effect?) {
        beginObject()
        member("action", item.action.rawValue)
        member("chosen", item.chosen)
        member("resolution", item.resolution?.rawValue)
        if let diff = item.diff {
            diffMembers(diff)
        } else {
            member("kind", item.id.kind)
            member("name", item.id.name)
        }
        for (name, sentences) in [("inSource", item.inSource), ("inTarget", item.inTarget)] {
            key(name)
            beginArray()
            for sentence in sentences { string(sentence) }
            endArray()
        }
        majors(effect?.majors ?? [])
        key("uses")
        beginArray()
        for use in effect?.uses ?? [] { self.use(use) }
        endArray()
        key("instances")
        instances(effect?.instances ?? [])
        endObject()
    }

    mutating func instances(_ instances: [StagingReport.Instances]) {
        beginArray()
        for one in instances {
            beginObject()
            member("definition", one.definition.description)
            member("version", one.workflowVersion)
            key("running")
            int(one.running)
            if !one.majors.isEmpty { majors(one.majors) }
            if let prospect = one.prospect { self.prospect(prospect) }
            endObject()
        }
        endArray()
    }

    private mutating func prospect(_ prospect: MigrationService.Prospect) {
        member("canMigrate", prospect.migratable == prospect.looked)
        key("looked")
        int(prospect.looked)
        member("hasMore", prospect.hasMore)
        key("migratable")
        int(prospect.migratable)
        key("problems")
        beginArray()
        for (problem, instances) in prospect.problems { self.problem(problem, instances: instances) }
        endArray()
        key("unmapped")
        beginArray()
        for problem in prospect.unmapped { self.problem(problem) }
        endArray()
    }

    private mutating func majors(_ majors: [StagingReport.Major]) {
        key("majors")
        beginArray()
        for major in majors {
            beginObject()
            key("major")
            int(major.number)
            member("before", major.before?.description)
            member("after", major.after?.description)
            endObject()
        }
        endArray()
    }
}
