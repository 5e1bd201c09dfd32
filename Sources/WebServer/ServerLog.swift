import Logging

/// The log of the HTTP framework. What it says as an error when it is told to end (that it was cancelled, that what it closes is
/// closed) is none: whoever reads the log then looks for the reason that the server ended for.
struct ServerLog: LogHandler {
    private var inner: any LogHandler

    /// The same logger, without those lines, and from `notice` on.
    static func logger(_ log: Logger) -> Logger {
        var log = log
        log.handler = ServerLog(inner: log.handler)
        log.logLevel = max(log.logLevel, .notice)
        return log
    }

    private init(inner: any LogHandler) {
        self.inner = inner
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { inner.metadataProvider }
        set { inner.metadataProvider = newValue }
    }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        let text = event.message.description
        if text.hasSuffix("CancellationError()") || text.hasSuffix("Already closed") { return }
        inner.log(event: event)
    }
}
