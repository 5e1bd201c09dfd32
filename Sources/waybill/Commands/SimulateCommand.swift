import ArgumentParser
import Simulator

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run seeded worlds in which everything goes wrong, and check that nothing is lost or done twice.",
        discussion: """
            A seed draws a workflow, a load and a choice of faults: processes that are killed or stopped, a store and a bus that
            fail, lose answers and go away, agents that die, dawdle and lie. One thread runs it in virtual time over the real
            engine, broker, projector, outbox and agent session. Then all is made well, and the invariants are checked.

            A seed that fails is replayed by its number, and shrunk to a short story in a file that replays too. --without
            takes a protection away, to see that the simulator notices.

            Exit status: 0 if all was well, 1 if an invariant was violated.

            Examples:
              waybill simulate --seeds 1-20000
              waybill simulate --seed 727 --trace
              waybill simulate --seeds 1-2000 --without fence
            """)

    @Option(help: ArgumentHelp("Which seeds.", valueName: "first-last"))
    var seeds = "1-1000"
    @Option(help: "One seed.")
    var seed: UInt64?
    @Option(
        help: ArgumentHelp("A schedule in a file, as the simulator saves it, or a regression case.", valueName: "file"))
    var file: String?
    @Option(help: "A protection to do without: \(Protection.allCases.map(\.rawValue).joined(separator: ", ")).")
    var without: Protection?
    @Flag(help: "Tell all that happens.")
    var trace = false
    @Flag(help: "Do not shrink what fails.")
    var noShrink = false
    @Option(help: "Worlds at once; all cores without it.")
    var cores: Int?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard seed != nil || SimulateProgram.seeds(seeds) != nil else {
            throw ValidationError("--seeds takes two numbers, the smaller first, as in 1-1000, not '\(seeds)'")
        }
        if let cores, cores < 1 { throw ValidationError("--cores is a number from 1") }
    }

    func run() async throws {
        // Why it cannot be read, in words.
        if let file { _ = try InputFile.bytes(file) }
        var options = SimulateProgram.Options()
        guard let range = seed.map({ $0...$0 }) ?? SimulateProgram.seeds(seeds) else {
            throw ValidationError("--seeds takes two numbers")
        }
        options.seeds = range
        options.file = file
        options.without = without
        options.trace = trace
        options.json = output.json
        options.shrinks = !noShrink
        if let cores { options.cores = cores }
        do {
            guard try await SimulateProgram(options, name: "waybill simulate", tell: { print($0) }).run() else {
                throw ExitCode(1)
            }
        } catch is DecodingError {
            throw CommandError("\(file ?? "the file") is no schedule of the simulator")
        }
    }
}

extension Protection: ExpressibleByArgument {}
