import ProcessEngine
import Values

/// How long the words of a start may be: they are kept in indexes, and shown in lists.
enum StartLimits {
    static let keyBytes = 512
    /// It travels as a property of AMQP, which has no room for more.
    static let correlationBytes = 255
    static let priorities = -1_000_000...1_000_000
    static let metadataEntries = 50
    static let metadataKeyBytes = 128
    static let metadataValueBytes = 1024

    /// Every word that is too long, or empty where that means nothing.
    static func problems(of request: StartService.Request) -> [String] {
        var problems: [String] = []
        func check(_ name: String, _ text: String?, _ limit: Int) {
            guard let text else { return }
            if text.isEmpty { problems.append("\(name) is empty: leave it out instead") }
            if text.utf8.count > limit {
                problems.append("\(name) has \(text.utf8.count) bytes; there may be \(limit)")
            }
        }
        check("businessKey", request.businessKey, keyBytes)
        check("idempotencyKey", request.idempotencyKey, keyBytes)
        check("startedBy", request.startedBy, keyBytes)
        check("runAs", request.runAs, keyBytes)
        check("correlationId", request.correlationID, correlationBytes)
        if let priority = request.priority, !priorities.contains(priority) {
            problems.append(
                "priority is \(priority); it may be from \(priorities.lowerBound) to \(priorities.upperBound)")
        }
        if request.metadata.count > metadataEntries {
            problems.append("metadata has \(request.metadata.count) entries; there may be \(metadataEntries)")
        }
        for entry in request.metadata.prefix(metadataEntries) {
            check("a key of metadata", entry.name, metadataKeyBytes)
            if entry.name.hasPrefix(InstanceLabels.reservedPrefix) {
                problems.append("metadata.\(entry.name): names that begin with waybill. are taken")
            }
            if entry.value.bytes.count > metadataValueBytes + 2 {
                problems.append("metadata.\(entry.name) is longer than \(metadataValueBytes) bytes")
            }
        }
        return problems
    }
}
