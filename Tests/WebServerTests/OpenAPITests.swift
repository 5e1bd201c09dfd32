import Contracts
import Foundation
import Services
import Testing
import Values
import WebServer
import WebServerTesting
import YAMLReader

/// `contracts/openapi.yaml` against the routes there are.
@Suite struct OpenAPITests {
    @Test func `the description has every route of version 1, each with its right`() async throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("contracts/openapi.yaml"))
        let description = try YAMLReader.read(Array(data), file: "openapi.yaml").value
        var described: [String: String] = [:]
        for (path, methods) in description["paths"]?.members ?? [] {
            for (method, operation) in methods.members ?? [] where operation["operationId"] != nil {
                described["\(method.uppercased()) \(Self.shape(path))"] = operation["x-right"]?.stringValue ?? "none"
            }
        }
        var served: [String: String] = [:]
        for route in try await TestServer.run({ $0.routes }) where !route.path.hasPrefix("/engine-rest") {
            guard route.path != "/" else { continue }
            let right =
                switch route.rule {
                case .right(let right, _): right.rawValue
                case .open, .attempt, nil: "none"
                }
            served["\(route.method) \(Self.shape(route.path))"] = right
        }
        #expect(described == served)
    }

    /// A path without the names of its parameters, whichever way they are written.
    private static func shape(_ path: String) -> String {
        path.split(separator: "/").map { $0.hasPrefix(":") || $0.hasPrefix("{") ? "*" : String($0) }
            .joined(separator: "/")
    }
}
