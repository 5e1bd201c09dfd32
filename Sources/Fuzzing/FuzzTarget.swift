/// One reader of what others write, and how to make inputs for it.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Which files of the conformance data are its corpus.
    package let corpus: Corpus
    /// What is tried besides files, or where there are none.
    let seeds: [String]
    let words: [String]
    /// Makes inputs of a corpus.
    let maker: @Sendable (_ corpus: [[UInt8]], _ seeds: [String], _ words: [String]) -> any InputMaker
    /// Reads one input. Nil: it was read or refused, as it should be. It must not trap, and must come to an end.
    package let run: @Sendable (_ input: [UInt8]) -> String?

    package struct Corpus: Sendable {
        /// Below the conformance data.
        package let folder: String
        package let suffixes: [String]
        /// Turns a file into inputs; nil: it is one.
        let split: (@Sendable (_ file: [UInt8]) -> [[UInt8]])?

        init(_ folder: String = "", _ suffixes: String..., split: (@Sendable (_ file: [UInt8]) -> [[UInt8]])? = nil) {
            self.folder = folder
            self.suffixes = suffixes
            self.split = split
        }
    }

    package func inputs(of files: [[UInt8]]) -> any InputMaker {
        let corpus = corpus.split.map { split in files.flatMap(split) } ?? files
        return maker(corpus.filter { $0.count <= Mutator.sizeLimit }, seeds, words)
    }

    /// All of them, in the order in which they are told.
    package static let all: [FuzzTarget] = [
        .xml, .bpmn, .dmn, .feel, .juel, .json, .yaml, .schema, .envelope, .journal, .process,
    ]
}

/// Makes one input after the other; the same dice make the same.
package protocol InputMaker: Sendable {
    func input(_ dice: inout Dice) -> [UInt8]
}

/// Bytes of the corpus, changed.
struct ChangedBytes: InputMaker {
    let mutator: Mutator

    init(_ corpus: [[UInt8]], _ seeds: [String], _ words: [String]) {
        mutator = Mutator(corpus: corpus + seeds.map { Array($0.utf8) }, words: words)
    }

    func input(_ dice: inout Dice) -> [UInt8] { mutator.input(&dice) }
}

/// XML of the corpus, changed as a tree mostly and as bytes now and then.
struct ChangedTrees: InputMaker {
    private let trees: TreeMutator
    private let bytes: ChangedBytes

    init(_ corpus: [[UInt8]], _ seeds: [String], _ words: [String]) {
        let all = corpus + seeds.map { Array($0.utf8) }
        trees = TreeMutator(roots: all.compactMap(FuzzTarget.tree), words: words)
        bytes = ChangedBytes(corpus, seeds, words)
    }

    func input(_ dice: inout Dice) -> [UInt8] {
        if dice.roll(8) == 0 { return bytes.input(&dice) }
        return trees.input(&dice) ?? bytes.input(&dice)
    }
}

/// A function of the dice alone.
struct MadeInputs: InputMaker {
    let make: @Sendable (inout Dice) -> [UInt8]
    func input(_ dice: inout Dice) -> [UInt8] { make(&dice) }
}
