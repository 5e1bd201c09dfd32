import Expressions
import Values

extension DefinitionReader {
    /// `waybill:timeZone`: whose clocks the schedules of timers go by, and their dates without an offset. Of the process, for all of
    /// its timers, or of one timer's event definition.
    mutating func timeZone(of node: SourceNode, element: ElementID?) -> String? {
        guard let name = node.attribute("timeZone", namespace: BPMN.waybill)?.trimmed else { return processTimeZone }
        if Zone.isRegionName(name) { return name }
        report(
            "invalid-timer", node, element: element, "waybill:timeZone=\"\(name)\" is no name of a time zone",
            "write it like Europe/Berlin")
        return nil
    }
}
