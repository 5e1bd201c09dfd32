import Contracts
import Testing

/// Joins that wait for nothing, because what was thrown beside them ends the scope they are in.
@Suite struct InterruptionTests {
    /// f -> g -> x (throws) ; g -> j ; f -> B -> j -> e
    private static func body(_ definition: String) -> String {
        "<endEvent id=\"x\">\(definition)</endEvent>" + CheckedModel.nodes("start:s and:f xor:g user:B and:j end:e")
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
}
