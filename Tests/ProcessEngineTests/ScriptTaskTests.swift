import ProcessEngine
import Testing
import Values

struct ScriptTaskTests {
    @Test(arguments: [
        "<scriptTask id='t' scriptFormat='feel' camunda:resultVariable='r'><script>n * 2</script></scriptTask>",
        "<scriptTask id='t' scriptFormat='juel' camunda:resultVariable='r'><script>${n * 2}</script></scriptTask>",
        "<scriptTask id='t'><extensionElements><zeebe:script expression='= n * 2' resultVariable='r'/></extensionElements></scriptTask>",
    ])
    func `evaluates FEEL and JUEL`(task: String) throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(task)\(chain("s", "t"))"))
        try scenario.start([("n", "21")])
        #expect(scenario.root("r") == "42")
    }

    @Test func `a script that names a contract is a task of an agent`() throws {
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/><scriptTask id='t' waybill:contract='run'/>\(chain("s", "t"))"))
        try scenario.start()
        #expect(scenario.instance.openTasks.map(\.contract.name) == ["run"])
    }
}
