import ArgumentParser
import Foundation

/// Where a command finds its server.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address (default: WAYBILL_SERVER, or http://127.0.0.1:8585).", transform: { $0 })
    var server: String = Settings.value("server") ?? "http://127.0.0.1:8585"
}

/// Whether a command prints for people or for programs.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON for programs.")
    var json = false
}
