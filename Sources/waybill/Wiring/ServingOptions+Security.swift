import Logging
import Services
import Values
import WebServer
import YAMLReader

extension ServingOptions.Checked {
    /// Opens the file of keys and, where there is something to change over HTTP, the audit log. Throws `CommandError`.
    func security(audits: Bool, log: Logger) async throws -> Security {
        do {
            let file = try keysFile.map { try KeysFile($0, log: log, read: Readers.keys) }
            let auditFile = audits ? auditFile : nil
            let audit = try auditFile.map { try AuditFile($0, hash: Readers.sha256, time: SystemClock()) }
            if let audit, let auditFile {
                let (lines, hash) = audit.beginning
                log.notice("the audit log \(auditFile) goes on after line \(lines):\(hash)")
            }
            return Security(
                keys: Security.keys(token: token, file: file, hash: Readers.sha256),
                tokens: try await tokens?.verifier(log: log), audit: audit, hash: Readers.sha256, time: SystemClock(),
                rateLimit: rateLimit.map { RateLimit(rate: $0) })
        } catch {
            throw CommandError("\(error)")
        }
    }
}

extension Readers {
    @Sendable static func keys(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> KeyRing {
        try KeyRing(YAMLReader.read(bytes, file: file))
    }
}
