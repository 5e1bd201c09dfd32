import Foundation
import Testing

/// Clients made for Camunda 7, as PyPI has them, against `waybill dev`.
@Suite(.serialized) struct CamundaClientsTests {
    private static let fixtures = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/camunda")
    /// Where `deploy/test` has put the clients.
    private static let packages = ProcessInfo.processInfo.environment["WAYBILL_TEST_PYTHON"]

    private static func run(_ script: String, deploysFirst: Bool) async throws {
        guard let packages else {
            print("not run, since WAYBILL_TEST_PYTHON does not say where the packages of PyPI are: \(script)")
            return
        }
        let site = try Installation("camunda")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
        let url = "http://127.0.0.1:\(site.port)/engine-rest"
        let model = fixtures.appending(path: "order.bpmn").path
        if deploysFirst {
            try Installation.run(
                "/usr/bin/curl",
                ["-sSf", "-F", "deployment-name=orders", "-F", "order.bpmn=@\(model)", "\(url)/deployment/create"])
        }
        let arguments = [fixtures.appending(path: script).path, url] + (deploysFirst ? [] : [model])
        let (status, text) = try Installation.outcome(
            of: "/usr/bin/python3", arguments, environment: ["PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(status == 0 && text.contains("all is well"), "\(text)\n\(site.logTail("server"))")
    }

    @Test func `camunda-external-task-client-python3 works a workflow to its end`() async throws {
        try await Self.run("external_task_client.py", deploysFirst: true)
    }

    @Test func `pycamunda deploys and works a workflow to its end`() async throws {
        try await Self.run("pycamunda_client.py", deploysFirst: false)
    }
}
