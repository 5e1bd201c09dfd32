import Foundation
import Fuzzing

/// Feeds readers with what others might write, in a process of its own for each, so that a trap is seen and its input kept.
@main
enum Main {
    private static let usage = """
        usage: waybill-fuzz TARGET [--seconds N] [--seed N] [--corpus DIR] [--save DIR]
               waybill-fuzz TARGET --replay FILE
               waybill-fuzz --list

        Runs one target for so long, from the seed given or a new one. A crash, a hang or a wrong answer ends it with
        status 1, with the input saved and the command that replays it. DIR of --corpus is the conformance data.
        """

    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments == ["--list"] {
            return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
        }
        guard let name = arguments.first, let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            return fail(usage)
        }
        arguments.removeFirst()
        var options: [String: String] = [:]
        while arguments.count > 1 {
            options[arguments.removeFirst()] = arguments.removeFirst()
        }
        let known: Set = ["--seconds", "--seed", "--corpus", "--save", "--replay", "--shared"]
        guard arguments.isEmpty, known.isSuperset(of: options.keys) else { return fail(usage) }
        if let file = options["--replay"] { return replay(file, target) }
        let seed = options["--seed"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999_999)
        let seconds = options["--seconds"].flatMap { Double($0) } ?? 10
        let corpus = options["--corpus"] ?? ""
        if let shared = options["--shared"].flatMap({ Int32($0) }) {
            return FuzzChild(target: target, seed: seed, seconds: seconds, corpus: corpus, shared: shared).run()
        }
        FuzzParent(
            target: target, seed: seed, seconds: seconds, corpus: corpus,
            directory: options["--save"] ?? ".waybill/fuzz"
        ).run()
    }

    private static func replay(_ file: String, _ target: FuzzTarget) {
        guard let data = FileManager.default.contents(atPath: file) else { return fail("cannot read \(file)") }
        guard let problem = target.run([UInt8](data)) else {
            return print("\(target.name): nothing is wrong with \(file)")
        }
        fail("\(target.name): \(problem)")
    }

    static func fail(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        exit(1)
    }
}
