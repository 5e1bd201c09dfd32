import Contracts
import ProcessEngine
import Testing
import Values
import XMLReader

/// start -> Transcode -> end
///              (error UNSUPPORTED) -> failed
@Suite struct ModelCheckTests {
    private func definition(contract: String, mapping: String = "", errorCode: String = "UNSUPPORTED_CODEC") throws
        -> ProcessDefinition
    {
        let text = """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn"
                         xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">
              <error id="E" errorCode="\(errorCode)"/>
              <process id="p" isExecutable="true">
                <startEvent id="start"/>
                <sequenceFlow id="f1" sourceRef="start" targetRef="Transcode"/>
                <serviceTask id="Transcode" camunda:type="external" camunda:topic="\(contract)">
                  <extensionElements><camunda:inputOutput>\(mapping)</camunda:inputOutput></extensionElements>
                </serviceTask>
                <boundaryEvent id="Caught" attachedToRef="Transcode"><errorEventDefinition errorRef="E"/></boundaryEvent>
                <sequenceFlow id="f2" sourceRef="Transcode" targetRef="end"/>
                <sequenceFlow id="f3" sourceRef="Caught" targetRef="failed"/>
                <endEvent id="end"/>
                <endEvent id="failed"/>
              </process>
            </definitions>
            """
        let root = try XMLReader.read(Array(text.utf8), file: "p.bpmn")
        return try #require(try ProcessDefinition.read(root, file: "p.bpmn").first)
    }

    private func findings(contract: String, mapping: String = "", errorCode: String = "UNSUPPORTED_CODEC") throws
        -> [String]
    {
        let catalog = try ContractCatalog([
            Sample.contract(Sample.transcode), Sample.workflow("media.ingest", "1.0", process: "q"),
        ])
        let definition = try definition(contract: contract, mapping: mapping, errorCode: errorCode)
        return ModelCheck.check(definition, against: catalog).map(\.description)
    }

    private static func input(_ name: String) -> String {
        "<camunda:inputParameter name=\"\(name)\">file:///x</camunda:inputParameter>"
    }

    @Test func `a model that fits its contracts has no findings`() throws {
        #expect(try findings(contract: "media.transcode@2") == [])
        #expect(try findings(contract: "media.transcode@2", mapping: Self.input("sourceUri")) == [])
    }

    @Test(arguments: [
        (
            "media.transcde@2",
            #"p.bpmn:6:5: error: there is no contract media.transcde [unknown-contract] (element Transcode); did you mean "media.transcode"?"#
        ),
        (
            "media.transcode@3",
            "p.bpmn:6:5: error: there is no major version 3 of media.transcode [unknown-contract] (element Transcode); the newest is media.transcode@2.1"
        ),
    ])
    func `a service task names a contract that exists`(contract: String, expected: String) throws {
        let found = try findings(contract: contract)
        #expect(found.map { $0.replacing(/:\d+:\d+:/, with: ":6:5:") } == [expected])
    }

    @Test func `its mapping gives what the contract takes`() throws {
        let found = try findings(contract: "media.transcode@2", mapping: Self.input("sourceUrl"))
        #expect(found.count == 2)
        #expect(
            found.first?.contains(
                #"has no input "sourceUrl" [unknown-input] (element Transcode); did you mean "sourceUri"?"#) == true)
        #expect(
            found.last?.contains(#"the input "sourceUri" of media.transcode@2.1 is not mapped [missing-input]"#) == true
        )
    }

    @Test func `a boundary error that the contract does not declare is a warning`() throws {
        let found = try findings(contract: "media.transcode@2", errorCode: "UNSUPORTED_CODEC")
        #expect(found.count == 1)
        #expect(
            found.first?.contains(
                #"warning: media.transcode@2.1 declares no error "UNSUPORTED_CODEC" [undeclared-error] (element Caught)"#
            ) == true)
    }
}
