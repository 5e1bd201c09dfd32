import ProcessEngine
import Values

/// How long the words of a start may be: they are kept in indexes, and shown in lists.
enum StartLimits {
    static let keyBytes = 512
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
        if request.metadata.count > metadataEntries {
            problems.append("metadata has \(request.metadata.count) entries; there may be \(metadataEntries)")
        }
        for entry in request.metadata.prefix(metadataEntries) {
            check("a key of metadata", entry.name, metadataKeyBytes)
            if entry.value.bytes.count > metadataValueBytes + 2 {
                problems.append("metadata.\(entry.name) is longer than \(metadataValueBytes) bytes")
            }
        }
        return problems
    }
}
