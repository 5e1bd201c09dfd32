import Services
import Testing
import Values
import WebServerTesting

@Suite struct DeploymentTests {
    /// As clients send it: parts with and without a file name.
    private static func upload(
        _ dialect: Dialect, name: String = "d", filtering: Bool = false,
        _ files: (part: String, file: String, content: [UInt8])...
    ) async throws -> TestClient.Answer {
        var body = ""
        func part(_ disposition: String, _ content: String) {
            body += "--b0undary\r\nContent-Disposition: form-data; \(disposition)\r\n\r\n\(content)\r\n"
        }
        part("name=\"deployment-name\"", name)
        part("name=\"deployment-source\"", "tests")
        part("name=\"enable-duplicate-filtering\"", filtering ? "True" : "false")
        for file in files { part("name=\"\(file.part)\"; filename=\"\(file.file)\"", file.content.text) }
        return try await dialect.client.send(
            "POST", "/engine-rest/deployment/create",
            [("Content-Type", "multipart/form-data; boundary=b0undary")], body + "--b0undary--\r\n")
    }

    @Test func `a deployment that is deleted is as if it had never been, but its versions are not given again`()
        async throws
    {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let first = try await Self.upload(dialect, ("m", "p.bpmn", Model.sequence("a"))).json.text("id")
            let second = try await Self.upload(dialect, ("m", "p.bpmn", Model.sequence("b"))).json.text("id")
            #expect(try await dialect.delete("deployment/\(second ?? "")?cascade=true").status == 204)
            #expect(try await dialect.get("deployment/\(second ?? "")").status == 404)
            #expect(try await dialect.delete("deployment/\(second ?? "")").status == 404)
            let newest = try await dialect.get("process-definition/key/p")
            #expect(newest.json.text("id") == "p:1" && newest.json.text("deploymentId") == first)
            let third = try await Self.upload(dialect, ("m", "p.bpmn", Model.sequence("b")))
            #expect(third.json["deployedProcessDefinitions"]?["p:3"] != nil, "\(third.text)")
        }
    }

    @Test func `a deleted deployment takes its decisions along, but not those of other deployments`() async throws {
        @Sendable func dish(_ text: String) -> [UInt8] {
            Array(
                """
                <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="D" namespace="t">
                <decision id="dish" name="Dish"><literalExpression><text>"\(text)"</text></literalExpression></decision>
                </definitions>
                """.utf8)
        }
        try await TestServer.run { server in
            let dialect = Dialect(server)
            func newest() async throws -> String? {
                try await dialect.get("decision-definition/key/dish").json.text("id")
            }
            let files = (dish("stew"), dish("goose"))
            _ = try await Self.upload(dialect, ("a", "dish.dmn", files.0))
            let second = try await Self.upload(dialect, ("a", "dish.dmn", files.1)).json.text("id") ?? ""
            let same = try await Self.upload(dialect, ("a", "dish.dmn", files.1)).json.text("id") ?? ""
            #expect(try await newest() == "dish:2")
            #expect(try await dialect.delete("deployment/\(second)").status == 204)
            #expect(try await newest() == "dish:2")
            #expect(try await dialect.delete("deployment/\(same)").status == 204)
            #expect(try await newest() == "dish:1")
            _ = try await Self.upload(dialect, ("a", "dish.dmn", files.1))
            #expect(try await newest() == "dish:3")
        }
    }

    @Test func `a deployment whose instances run is not deleted`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let id = try await Self.upload(dialect, ("m", "p.bpmn", Model.sequence("a"))).json.text("id") ?? ""
            let instance = try await dialect.post("process-definition/key/p/start").json.text("id") ?? ""
            // The index has seen it.
            _ = try await dialect.get("process-instance/count?processDefinitionKey=p")
            let refused = try await dialect.delete("deployment/\(id)?cascade=true")
            #expect(refused.status == 400 && refused.text.contains("1 instances of p:1 run"), "\(refused.text)")
            #expect(try await dialect.delete("process-instance/\(instance)").status == 204)
            _ = try await dialect.get("process-instance/count?processDefinitionKey=p")
            #expect(try await dialect.delete("deployment/\(id)").status == 204)
        }
    }

    @Test func `a suspended process takes no starts until it is active again`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            _ = try await Self.upload(dialect, ("m", "p.bpmn", Model.sequence("a")))
            for path in ["process-definition/key/p/suspended", "process-definition/p:1/suspended"] {
                #expect(
                    try await dialect.put(path, #"{"suspended":true,"includeProcessInstances":false}"#).status == 204)
                #expect(try await dialect.get("process-definition/key/p").json["suspended"]?.boolValue == true)
                #expect(try await dialect.post("process-definition/key/p/start").status >= 400)
                #expect(try await dialect.put(path, #"{"suspended":false}"#).status == 204)
                #expect(try await dialect.post("process-definition/key/p/start").status == 200)
            }
            let whole = #"{"suspended":true,"includeProcessInstances":true}"#
            #expect(try await dialect.put("process-definition/key/p/suspended", whole).status == 400)
            #expect(try await dialect.put("process-definition/key/q/suspended", #"{"suspended":true}"#).status == 404)
            try await server.deploy(Model.sequence("a", process: "mine"), process: "mine", workflow: "order")
            let managed = try await dialect.put("process-definition/key/mine/suspended", #"{"suspended":true}"#)
            #expect(managed.status == 400 && managed.text.contains("belongs to workflow order"), "\(managed.text)")
        }
    }

    @Test func `a deployed decision is evaluated by key, row by row`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let dmn = """
                <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
                  <decision id="dish" name="Dish"><decisionTable id="t" hitPolicy="COLLECT">
                    <input><inputExpression><text>guests</text></inputExpression></input><output name="meal"/>
                    <rule><inputEntry><text>&gt; 2</text></inputEntry><outputEntry><text>"stew"</text></outputEntry></rule>
                    <rule><inputEntry><text>-</text></inputEntry><outputEntry><text>"salad"</text></outputEntry></rule>
                  </decisionTable></decision>
                </definitions>
                """
            let answer = try await Self.upload(dialect, ("resource-0", "dish.dmn", Array(dmn.utf8)))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.json["deployedDecisionDefinitions"]?["dish:1"]?.text("name") == "Dish")
            let evaluated = try await dialect.post(
                "decision-definition/key/dish/evaluate", #"{"variables":{"guests":{"value":4,"type":"Integer"}}}"#)
            #expect(
                evaluated.text
                    == #"[{"meal":{"type":"String","value":"stew","valueInfo":{}}},{"meal":{"type":"String","value":"salad","valueInfo":{}}}]"#
            )
            #expect(try await dialect.get("decision-definition/count?key=dish").json.text("count") == "1")
            #expect(try await dialect.post("decision-definition/key/soup/evaluate").status == 404)
        }
    }

    @Test func `a deployed model can be started, and says where it came from`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let answer = try await Self.upload(dialect, ("resource-0", "order.bpmn", Model.sequence("topic")))
            #expect(answer.status == 200, "\(answer.text)")
            let id = try #require(answer.json.text("id"))
            #expect(answer.json.text("name") == "d")
            #expect(answer.json.text("source") == "tests")
            #expect(answer.json.text("deploymentTime")?.hasSuffix("+0000") == true)
            for member in [
                "deployedCaseDefinitions", "deployedDecisionDefinitions", "deployedDecisionRequirementsDefinitions",
            ] {
                #expect(answer.json.text(member) == "null")
            }
            let link = try #require(answer.json["links"]?.elements()?.first)
            #expect(link.text("href")?.hasSuffix("/engine-rest/deployment/\(id)") == true)
            let definition = try #require(answer.json["deployedProcessDefinitions"]?["p:1"])
            #expect(definition.text("key") == "p")
            #expect(definition.text("name") == "A process")
            #expect(definition.text("resource") == "order.bpmn")
            #expect(definition.text("deploymentId") == id)
            for member in [
                "category", "description", "diagram", "tenantId", "versionTag", "historyTimeToLive", "suspended",
                "startableInTasklist",
            ] { #expect(definition[member] != nil, "\(member)") }
            try await dialect.start()
            #expect(try await dialect.fetch().count == 1)
            #expect(try await dialect.get("deployment?name=d").json.elements()?.count == 1)
            #expect(
                try await dialect.get("deployment/\(id)/resources").json.elements()?.first?.text("name") == "order.bpmn"
            )
            let data = try await dialect.get("deployment/\(id)/resources/order.bpmn/data")
            #expect(data.body == Model.sequence("topic"))
            #expect(try await dialect.get("process-definition/p:1/xml").json.text("bpmn20Xml") == data.text)
        }
    }

    @Test func `the same files under the same name are a duplicate, if the client asks for that`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let first = try await Self.upload(dialect, filtering: true, ("f", "a.bpmn", Model.sequence("topic")))
            let second = try await Self.upload(dialect, filtering: true, ("f", "a.bpmn", Model.sequence("topic")))
            #expect(second.json.text("id") == first.json.text("id"))
            #expect(second.json.text("deployedProcessDefinitions") == "null")
            let changed = try await Self.upload(dialect, filtering: true, ("f", "a.bpmn", Model.sequence("other")))
            #expect(changed.json["deployedProcessDefinitions"]?["p:2"] != nil)
            #expect(changed.json.text("id") != first.json.text("id"))
            // Going back is a change, although an older deployment had the same file.
            let back = try await Self.upload(dialect, filtering: true, ("f", "a.bpmn", Model.sequence("topic")))
            #expect(back.json["deployedProcessDefinitions"]?["p:3"] != nil)
            #expect(try await dialect.get("deployment/count").json.text("count") == "3")
        }
    }

    @Test func `a model that cannot be read is a parse error with place and element, and nothing is deployed`()
        async throws
    {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            let bad = Model.bpmn(
                "<startEvent id=\"s\"/>\n<serviceTask id=\"t\" camunda:class=\"com.example.X\"/>", process: "q")
            let answer = try await Self.upload(
                dialect, ("a", "good.bpmn", Model.sequence("topic")), ("b", "bad.bpmn", bad))
            #expect(answer.status == 400)
            #expect(answer.json.text("type") == "ParseException")
            // The modeler knows bad BPMN by exactly these words.
            #expect(
                answer.json.text("message")?.hasPrefix("ENGINE-09005 Could not parse BPMN process. Errors: ") == true)
            let problem = try #require(answer.json["details"]?["bad.bpmn"]?["errors"]?.elements()?.first)
            #expect(problem["line"]?.intValue == 6)
            #expect(problem.text("mainBpmnElementId") == "t")
            #expect(problem.text("bpmnElementIds") == #"["t"]"#)
            #expect(answer.json["details"]?["bad.bpmn"]?.text("warnings") == "[]")
            #expect(try await dialect.get("process-definition/count").json.text("count") == "0")
            #expect(try await dialect.get("deployment/count").json.text("count") == "0")
        }
    }

    @Test func `text that is no XML is a parse error, too`() async throws {
        try await TestServer.run { server in
            let answer = try await Self.upload(Dialect(server), ("a", "x.bpmn", Array("no xml".utf8)))
            #expect(answer.status == 400)
            #expect(answer.json.text("message")?.hasPrefix("ENGINE-09005 Could not parse BPMN process.") == true)
        }
    }

    @Test func `what belongs to a workflow of the config store is not deployed past it`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Model.sequence("topic"), workflow: "media.ingest")
            let answer = try await Self.upload(Dialect(server), ("a", "x.bpmn", Model.sequence("other")))
            #expect(answer.status == 400)
            #expect(answer.json.text("message")?.contains("media.ingest") == true)
        }
    }

    @Test(arguments: [
        "", "--b0undary--",
        "--b0undary\r\nContent-Disposition: form-data; name=\"deployment-name\"\r\n\r\nd\r\n--b0undary--",
        "--b0undary\r\n\r\n\r\n--b0undary", "garbage",
    ])
    func `an upload without a file is refused`(body: String) async throws {
        try await TestServer.run { server in
            let answer = try await Dialect(server).client.send(
                "POST", "/engine-rest/deployment/create",
                [("Content-Type", "multipart/form-data; boundary=b0undary")], body)
            #expect(answer.status == 400)
            #expect(answer.json.text("type") == "InvalidRequestException")
        }
    }

    @Test func `only BPMN is deployed, and anything else is said, not skipped`() async throws {
        try await TestServer.run { server in
            let answer = try await Self.upload(
                Dialect(server), ("a", "x.bpmn", Model.sequence("topic")), ("b", "form.html", Array("<p>".utf8)))
            #expect(answer.status == 400)
            #expect(answer.json.text("message")?.contains("form.html") == true)
        }
    }

    @Test func `the modeler's connection test and version are answered`() async throws {
        try await TestServer.run { server in
            let dialect = Dialect(server)
            #expect(try await dialect.get("deployment?maxResults=0").text == "[]")
            #expect(try await dialect.get("version").json.text("version")?.hasPrefix("7.") == true)
            #expect(try await dialect.get("engine").text == #"[{"name":"default"}]"#)
            #expect(try await dialect.get("engine/default/version").status == 200)
            let unknown = try await dialect.get("no-such-thing")
            #expect(unknown.status == 404)
            #expect(unknown.json["message"]?.isString == true)
        }
    }
}
