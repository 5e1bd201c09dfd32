import Foundation
import Simulator

/// `waybill simulate` and nothing else: it builds in a fraction of the time.
@main
enum Main {
    private static let usage = """
        usage: waybill-simulate [--seeds A-B | --seed N | --file FILE] [--trace] [--json] [--no-shrink] [--cores N]
                                [--without PROTECTION]

        PROTECTION: \(Protection.allCases.map(\.rawValue).joined(separator: ", ")).
        """

    static func main() async {
        guard let options = options(Array(CommandLine.arguments.dropFirst())) else { return end(usage) }
        do {
            let program = SimulateProgram(options, name: "waybill-simulate") { text in
                FileHandle.standardOutput.write(Data((text + "\n").utf8))
            }
            if try await !program.run() { exit(1) }
        } catch {
            end("\(error)")
        }
    }

    private static func options(_ arguments: [String]) -> SimulateProgram.Options? {
        var options = SimulateProgram.Options()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--trace": options.trace = true
            case "--json": options.json = true
            case "--no-shrink": options.shrinks = false
            case "--seeds", "--seed":
                guard let seeds = rest.popFirst().flatMap(SimulateProgram.seeds) else { return nil }
                options.seeds = seeds
            case "--file":
                guard let file = rest.popFirst() else { return nil }
                options.file = file
            case "--cores":
                guard let cores = rest.popFirst().flatMap({ Int($0) }), cores > 0 else { return nil }
                options.cores = cores
            case "--without":
                guard let protection = rest.popFirst().flatMap({ Protection(rawValue: $0) }) else { return nil }
                options.without = protection
            default: return nil
            }
        }
        return options
    }

    private static func end(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        exit(2)
    }
}
