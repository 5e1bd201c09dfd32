import Foundation
import Fuzzing

/// Tries one input after the other until the time is over.
struct FuzzChild {
    let target: FuzzTarget
    let seed: UInt64
    let seconds: Double
    let corpus: String
    let shared: Int32

    /// A different part of a large corpus for each seed.
    private static let filesAtMost = 150

    func run() {
        guard let shared = SharedInput(descriptor: shared) else { return Main.fail("no shared memory") }
        let maker = target.inputs(of: files())
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        var number = 0
        while ContinuousClock.now < end {
            var dice = Dice(seed: seed, number: number)
            let input = maker.input(&dice)
            shared.note(input)
            if let problem = target.run(input) { return Main.fail(problem) }
            number += 1
        }
    }

    private func files() -> [[UInt8]] {
        guard !corpus.isEmpty, !target.corpus.suffixes.isEmpty else { return [] }
        let folder = corpus + "/" + target.corpus.folder
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        var found = paths.filter { path in target.corpus.suffixes.contains { path.hasSuffix($0) } }.sorted()
        var dice = Dice(seed: seed, number: -1)
        while found.count > Self.filesAtMost { found.remove(at: dice.roll(found.count)) }
        return found.compactMap { FileManager.default.contents(atPath: folder + "/" + $0) }
            .filter { $0.count <= Mutator.sizeLimit }.map { [UInt8]($0) }
    }
}
