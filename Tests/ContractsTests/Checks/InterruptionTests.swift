import Contracts
import Testing

/// Joins that wait for nothing, because what was thrown beside them ends the scope they are in.
@Suite struct InterruptionTests {
    /// f -> g -> x (throws) ; g -> j ; f -> B -> j -> e
    private static func body(_ definition: String, start: String = CheckedModel.nodes("start:s")) -> String {
        "<endEvent id=\"x\">\(definition)</endEvent>" + start + CheckedModel.nodes("and:f xor:g user:B and:j end:e")
            + CheckedModel.flows("s>f", "f>g", "f>B", "g>x: = b", "g>j: = not(b)", "B>j", "j>e")
    }

    private static let escalation = "<escalationEventDefinition escalationRef=\"X\"/>"
    private static let signal = "<signalEventDefinition signalRef=\"G\"/>"
    private static let head = """
        <escalation id="X" escalationCode="X"/><escalation id="Y" escalationCode="Y"/><signal id="G" name="G"/>
        """

    private static func handler(_ definition: String, isInterrupting: Bool = true) -> String {
        """
        <subProcess id="handler" triggeredByEvent="true"><startEvent id="hs" isInterrupting="\(isInterrupting)">\(definition)</startEvent>
        <endEvent id="he"/>\(CheckedModel.flows("hs>he"))</subProcess>
        """
    }

    @Test(arguments: [
        (escalation, escalation, true, []), (escalation, escalation, false, ["possible-deadlock j"]),
        (escalation, "<escalationEventDefinition escalationRef=\"Y\"/>", true, ["possible-deadlock j"]),
        (signal, signal, true, []), (signal, signal, false, ["possible-deadlock j"]),
    ])
    func `an event subprocess beside it`(
        thrown: String, caught: String, isInterrupting: Bool, expected: [String]
    ) throws {
        let model = Self.body(thrown) + Self.handler(caught, isInterrupting: isInterrupting)
        let found = try CheckedModel.codes(model, head: Self.head)
        #expect(found == expected)
    }

    @Test(arguments: [(true, []), (false, ["possible-deadlock j"])])
    func `a boundary event around it`(isInterrupting: Bool, expected: [String]) throws {
        let model = """
            <subProcess id="sub">\(Self.body(Self.escalation))</subProcess>
            <boundaryEvent id="caught" attachedToRef="sub" cancelActivity="\(isInterrupting)">\(Self.escalation)</boundaryEvent>
            """ + CheckedModel.nodes("start:s0 end:e0 end:e1") + CheckedModel.flows("s0>sub", "sub>e0", "caught>e1")
        let found = try CheckedModel.codes(model, head: Self.head)
        #expect(found == expected)
    }

    private static let error = "<errorEventDefinition errorRef=\"E\"/>"
    private static let other = "<errorEventDefinition errorRef=\"F\"/>"
    private static let errors = "<error id=\"E\" errorCode=\"E\"/><error id=\"F\" errorCode=\"F\"/>"

    @Test(arguments: [(error, []), ("<errorEventDefinition/>", []), (other, ["possible-deadlock j"])])
    func `an error ends its scope only if something catches it`(caught: String, expected: [String]) throws {
        let beside = try CheckedModel.codes(Self.body(Self.error) + Self.handler(caught), head: Self.errors)
        #expect(beside == expected)
        let model = """
            <subProcess id="sub">\(Self.body(Self.error))</subProcess>
            <boundaryEvent id="caught" attachedToRef="sub">\(caught)</boundaryEvent>
            """ + CheckedModel.nodes("start:s0 end:e0 end:e1") + CheckedModel.flows("s0>sub", "sub>e0", "caught>e1")
        let around = try CheckedModel.codes(model, head: Self.errors)
        #expect(around == expected)
    }

    @Test func `an event subprocess catches no error of its own`() throws {
        let inside = Self.body(Self.error, start: "<startEvent id=\"s\">\(Self.error)</startEvent>")
        let model = "<subProcess id=\"handler\" triggeredByEvent=\"true\">\(inside)</subProcess>"
        let found = try CheckedModel.codes(
            model + CheckedModel.nodes("start:s0 end:e0") + CheckedModel.flows("s0>e0"), head: Self.errors)
        #expect(found == ["possible-deadlock j"])
    }
}
