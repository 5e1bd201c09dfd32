import ArgumentParser
import Values

struct BenchChildrenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "children",
        abstract:
            "Measure what a child of a multi-instance activity costs the engine: as much among 100,000 as among 1,000.",
        discussion: """
            The engine's core alone, with its journal encoded and neither store nor bus: the children of one activity are
            started and completed one by one.

            Examples:
              waybill bench children
              waybill bench children 1000 10000 --json
            """)

    @Argument(help: "How many children, one measurement each.")
    var counts: [Int] = [1_000, 10_000, 100_000]
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard counts.allSatisfy({ (1...1_000_000).contains($0) }) else {
            throw CommandError("a number of children is from 1 to 1000000")
        }
        // Once for nothing, so that the first measurement does not pay for what the program does once.
        _ = try ChildrenBench.run(children: 100, .parallel)
        var results: [ChildrenBench.Result] = []
        for kind in ChildrenBench.Kind.allCases {
            for count in counts { results.append(try ChildrenBench.run(children: count, kind)) }
        }
        if output.json { return print(JSON.array(results.map(\.json)).text) }
        var table = Table(
            "CHILDREN", "KIND", "START MS", "COMPLETE MS", "US A CHILD", "EVENTS A CHILD", "BYTES A CHILD")
        for result in results {
            table.add([
                "\(result.children)", result.kind.rawValue, "\(result.start.milliseconds)",
                "\(result.completion.milliseconds)", "\(result.perChild.microseconds)",
                "\(result.events / result.children)", "\(result.journalBytes / result.children)",
            ])
        }
        print(table.text)
    }
}

extension ChildrenBench.Result {
    fileprivate var json: JSON {
        .object([
            ("children", .number(children)), ("kind", .string(kind.rawValue)),
            ("startMicroseconds", .number(start.microseconds)),
            ("completionMicroseconds", .number(completion.microseconds)),
            ("microsecondsPerChild", .number(perChild.microseconds)), ("events", .number(events)),
            ("journalBytes", .number(journalBytes)),
        ])
    }
}

extension Duration {
    fileprivate var microseconds: Int {
        Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
    }
}
