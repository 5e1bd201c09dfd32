import Foundation
import Testing
import Values

/// A config store whose workflows run in an engine elsewhere, which knows only the Camunda 7 REST API: here a Waybill that plays it.
@Suite(.serialized) struct DeployElsewhereTests {
    @Test(.timeLimit(.minutes(10)))
    func `what is pushed is deployed elsewhere in two steps, runs there, and is corrected if somebody deploys by hand`()
        async throws
    {
        let world = try TwoInstallations("elsewhere")
        defer { world.tearDown() }
        try world.start()
        let (engine, store) = (world.dev, world.prod)
        let deployer = try world.anotherServer(of: store)
        let dialect = "\(engine.url)/engine-rest"
        try world.launch(engine, ["--roles", "engine,indexer,web"])
        try await world.waitUntilReady(engine)
        try world.launch(store, ["--roles", "web", "--check-engine", dialect])
        try await world.waitUntilReady(store)
        try world.launch(deployer, ["--roles", "broker,deployer", "--engine", dialect, "--drift", "correct"])

        let files = try StoryFiles.first.write(to: world.shared.directory.appending(path: "files"))
        try world.waybill("push", files, "-m", "first", at: store)
        try await world.until("both workflows are there") { try await names(at: engine) == ["archive", "ingest"] }
        try await world.until("what was there to be checked is deleted") {
            try await sources(at: engine) == ["waybill", "waybill"]
        }

        // A program for each contract of the store works for the engine elsewhere.
        let program = try world.program("work", "cat >/dev/null; echo '{\"durationSeconds\":1,\"approved\":true}'")
        for contract in ["media.probe@1", "media.review@1"] {
            try world.startAgent(store, contract, exec: program)
        }
        let http = HTTP(port: engine.port)
        let start = try await http.request(
            "POST", "/engine-rest/process-definition/key/ingest/start",
            try JSON(validating: #"{"variables":{"sourceUri":{"value":"file:1","type":"String"}}}"#))
        let id = try #require(start.body["id"]?.stringValue, "\(start.body.text)")
        try await world.until("the instance is over") {
            try await http.request("GET", "/v1/instances/\(id)").body["state"]?.stringValue == "Completed"
        }

        // Somebody deploys by hand.
        try byHand(files + "/archive.bpmn", process: "ingest", to: dialect)
        try byHand(files + "/archive.bpmn", process: "stray", to: dialect)
        try await world.until("the store's version is the newest again, and the stray one is closed") {
            let rows = try await newest(at: engine)
            let ingest = rows.first { $0["key"]?.stringValue == "ingest" }?["deploymentId"]?.stringValue ?? ""
            let record = try await http.request("GET", "/engine-rest/deployment/\(ingest)").body
            let stray = rows.first { $0["key"]?.stringValue == "stray" }
            return record["source"]?.stringValue == "waybill" && stray?["suspended"]?.boolValue == true
        }

        // What goes is closed for new starts; what is not taken elsewhere does not come in.
        try world.waybill(
            "push", StoryFiles.second.write(to: world.shared.directory.appending(path: "files")),
            "--prune", "-m", "second", at: store)
        try await world.until("the archive is closed, and the report is there") {
            let open = try await newest(at: engine).filter { $0["suspended"]?.boolValue == false }
            return open.compactMap { $0["key"]?.stringValue } == ["ingest", "report"]
        }
        world.stop(engine)
        let (status, text) = try world.outcome(
            [
                "push", StoryFiles.third(probe: "2.0").write(to: world.shared.directory.appending(path: "files")), "-m",
                "x",
            ],
            at: store)
        #expect(status == 1 && text.contains("cannot check this"), "\(text)")
    }

    private func newest(at site: TwoInstallations.Site) async throws -> [JSON] {
        let rows = try await HTTP(port: site.port).request("GET", "/engine-rest/process-definition?latestVersion=true")
        return rows.body.elements() ?? []
    }

    private func names(at site: TwoInstallations.Site) async throws -> [String] {
        try await newest(at: site).compactMap { $0["key"]?.stringValue }
    }

    private func sources(at site: TwoInstallations.Site) async throws -> [String] {
        let rows = try await HTTP(port: site.port).request("GET", "/engine-rest/deployment").body.elements() ?? []
        return rows.compactMap { $0["source"]?.stringValue }
    }

    /// As Camunda's modeler does, with a model of another process under this name.
    private func byHand(_ file: String, process: String, to dialect: String) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let other = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).bpmn")
        defer { try? FileManager.default.removeItem(at: other) }
        try text.replacing("<process id=\"archive\"", with: "<process id=\"\(process)\"").write(
            to: other, atomically: true, encoding: .utf8)
        try Installation.run(
            "/usr/bin/curl",
            ["-sSf", "-F", "deployment-name=by hand", "-F", "model=@\(other.path)", "\(dialect)/deployment/create"])
    }
}
