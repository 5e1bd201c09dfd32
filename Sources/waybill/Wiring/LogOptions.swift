import ArgumentParser
import Foundation
import Logging

struct LogOptions: ParsableArguments {
    @Option(help: "How much to log: trace, debug, info, notice, warning or error.")
    var logLevel: String = Settings.value("log-level") ?? "info"

    /// Logs to standard error, so that standard output stays for results.
    func logger(_ label: String) throws -> Logger {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw CommandError("--log-level is trace, debug, info, notice, warning or error, not '\(logLevel)'")
        }
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
