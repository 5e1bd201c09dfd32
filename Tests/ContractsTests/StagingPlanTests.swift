import Contracts
import Staging
import Testing
import Values

@Suite struct StagingPlanTests {
    /// A store as `name version` words; a version may have another content: `a 1.0!`.
    private static func parts(_ words: String...) throws -> [Part] {
        Part.parts(
            of: try words.map { word in
                let isOther = word.hasSuffix("!")
                let pair = word.drop { $0 == " " }.split(separator: " ")
                let version = String(isOther ? pair[1].dropLast() : pair[1])
                let contract = try Sample.task(String(pair[0]), version, isOther ? "title: other" : "")
                return LoadedArtifact(
                    artifact: Artifact(
                        kind: "task", name: contract.name, version: version, hash: contract.canonical.text),
                    content: .contract(contract))
            })
    }

    private static func base(_ parts: [Part]) -> StagingBase {
        StagingBase(Dictionary(uniqueKeysWithValues: parts.map { ($0.id, $0.artifacts) }))
    }

    private static func actions(_ plan: StagingPlan) -> [String] {
        plan.items.map { "\($0.action.rawValue) \($0.id.name)" }
    }

    private static func result(_ plan: StagingPlan) -> [String] {
        plan.result.map { "\($0.artifact.name) \($0.artifact.version)" }
    }

    @Test func `into an empty store everything is added`() throws {
        let plan = StagingPlan(source: try Self.parts("a 1.0", "b 1.0"), target: [], base: StagingBase())
        #expect(Self.actions(plan) == ["added a", "added b"])
        #expect(Self.result(plan) == ["a 1.0", "b 1.0"])
        #expect(plan.nextBase == Self.base(try Self.parts("a 1.0", "b 1.0")))
    }

    @Test func `what one side alone changed is not a conflict`() throws {
        let common = try Self.parts("a 1.0", "b 1.0", "c 1.0", "d 1.0")
        let plan = StagingPlan(
            source: try Self.parts("a 1.0", "a 1.1", "b 1.0", "d 1.0", "e 1.0"),
            target: try Self.parts("a 1.0", "b 1.0", "b 1.1", "c 1.0", "d 1.0", "f 1.0"), base: Self.base(common))
        #expect(
            Self.actions(plan) == ["modified a", "kept b", "deleted c", "unchanged d", "added e", "kept f"])
        #expect(Self.result(plan) == ["a 1.0", "a 1.1", "b 1.0", "b 1.1", "d 1.0", "e 1.0", "f 1.0"])
        #expect(plan.conflicts.isEmpty && plan.changes.map(\.id.name) == ["a", "c", "e"])
    }

    @Test func `what both sides changed is a conflict, and nothing is overwritten`() throws {
        let plan = StagingPlan(
            source: try Self.parts("a 1.0", "a 1.1"), target: try Self.parts("a 1.0", "a 1.1!"),
            base: Self.base(try Self.parts("a 1.0")))
        #expect(Self.actions(plan) == ["conflict a"] && plan.conflicts.count == 1 && plan.changes.isEmpty)
        #expect(plan.items.first?.inSource == ["added 1.1"] && plan.items.first?.inTarget == ["added 1.1"])
        #expect(plan.result.map(\.artifact) == Part.parts(of: plan.result).flatMap { $0.artifacts.sorted() })
        #expect(plan.nextBase == Self.base(try Self.parts("a 1.0")))
    }

    @Test func `a change against a deletion is a conflict, either way round`() throws {
        let base = Self.base(try Self.parts("a 1.0", "b 1.0"))
        let plan = StagingPlan(
            source: try Self.parts("a 1.0", "a 1.1"), target: try Self.parts("b 1.0", "b 1.1"), base: base)
        #expect(Self.actions(plan) == ["conflict a", "conflict b"])
        #expect(plan.items.map(\.inSource) == [["added 1.1"], ["removed it"]])
        #expect(plan.items.map(\.inTarget) == [["removed it"], ["added 1.1"]])
    }

    @Test func `stores that were never staged conflict only where something would be lost`() throws {
        let plan = StagingPlan(
            source: try Self.parts("a 1.0", "a 1.1", "b 1.0", "c 1.0", "d 1.0"),
            target: try Self.parts("a 1.0", "b 1.0", "b 1.1", "c 1.0!", "e 1.0"), base: StagingBase())
        #expect(Self.actions(plan) == ["modified a", "kept b", "conflict c", "added d", "kept e"])
    }

    @Test func `a conflict that the source wins takes its state`() throws {
        let source = try Self.parts("a 1.0", "a 1.1")
        let plan = StagingPlan(
            source: source, target: try Self.parts("a 1.0", "a 1.2"), base: Self.base(try Self.parts("a 1.0")),
            resolutions: ["a": .overwrite])
        #expect(Self.result(plan) == ["a 1.0", "a 1.1"] && plan.conflicts.isEmpty)
        #expect(plan.nextBase == Self.base(source))
    }

    @Test func `a conflict that the target wins is none the next time`() throws {
        let source = try Self.parts("a 1.0", "a 1.1")
        let target = try Self.parts("a 1.0", "a 1.2")
        let plan = StagingPlan(
            source: source, target: target, base: Self.base(try Self.parts("a 1.0")),
            resolutions: ["task a": .keep])
        #expect(Self.result(plan) == ["a 1.0", "a 1.2"] && plan.conflicts.isEmpty && plan.changes.isEmpty)
        #expect(Self.actions(StagingPlan(source: source, target: target, base: plan.nextBase)) == ["kept a"])
    }

    @Test func `parts that were left out keep their base, so that a later edit of the target still conflicts`() throws {
        let base = Self.base(try Self.parts("a 1.0", "b 1.0"))
        let source = try Self.parts("a 1.0", "a 1.1", "b 1.0", "b 1.1")
        let plan = StagingPlan(source: source, target: try Self.parts("a 1.0", "b 1.0"), base: base, only: ["a"])
        #expect(Self.result(plan) == ["a 1.0", "a 1.1", "b 1.0"] && plan.changes.map(\.id.name) == ["a"])
        let later = StagingPlan(
            source: source, target: try Self.parts("a 1.0", "a 1.1", "b 1.0", "b 1.1!"), base: plan.nextBase)
        #expect(Self.actions(later) == ["unchanged a", "conflict b"])
    }

    @Test func `names that are not there are told`() throws {
        let plan = StagingPlan(
            source: try Self.parts("a 1.0"), target: [], base: StagingBase(), only: ["a", "x"],
            resolutions: ["a": .keep])
        #expect(plan.unknown == ["x", "a"])
    }

    @Test func `a base is read as it was written`() throws {
        let base = Self.base(try Self.parts("a 1.0", "a 1.10", "b 2.0"))
        #expect(StagingBase(base.json) == base)
        #expect(StagingBase(try JSON(validating: "[{\"kind\":1}]")) == nil)
    }
}

@Suite struct BundleTests {
    private static func hash(_ bytes: [UInt8]) -> String {
        var number: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { number = (number ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(number, radix: 16)
    }

    private static func bundle() -> StagingBundle {
        let contents = ["{}", "<model/>", String(repeating: "x", count: 1200)].map { Array($0.utf8) }
        return StagingBundle(
            origin: StagingBundle.Origin(
                store: "s", revision: 7, author: "anna", message: "ü", at: "2026-01-01T00:00:00Z"),
            artifacts: contents.enumerated().map { index, content in
                Artifact(kind: "task", name: "a", version: "1.\(index)", hash: hash(content))
            }, contents: Dictionary(uniqueKeysWithValues: contents.map { (hash($0), $0) }))
    }

    private static func problem(_ archive: [UInt8], limits: TarArchive.Limits = TarArchive.Limits()) -> String? {
        do {
            _ = try StagingBundle(archive, limits: limits, hash: hash)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `a bundle is read as it was written, and the same one is the same bytes`() throws {
        var bundle = Self.bundle()
        bundle.signature = StagingBundle.Signature(publicKey: "ab", signature: "cd")
        #expect(
            bundle.archive(hash: Self.hash) == bundle.archive(hash: Self.hash)
                && bundle.archive(hash: Self.hash).count % 512 == 0)
        let again = try StagingBundle(bundle.archive(hash: Self.hash), hash: Self.hash)
        #expect(
            again.archive(hash: Self.hash) == bundle.archive(hash: Self.hash) && again.signature == bundle.signature)
        #expect(again.origin == bundle.origin && again.artifacts == bundle.artifacts)
    }

    @Test func `a bundle with one bit wrong is refused, whichever`() throws {
        let archive = Self.bundle().archive(hash: Self.hash)
        var accepted: [Int] = []
        for position in archive.indices {
            var damaged = archive
            damaged[position] ^= 1 << UInt8(position % 8)
            if Self.problem(damaged) == nil { accepted.append(position) }
        }
        // Times and owners of files say nothing, and are summed up with the rest of the header.
        #expect(accepted.isEmpty, "\(accepted.prefix(10))")
    }

    @Test func `a bundle that is cut off anywhere is refused`() throws {
        let archive = Self.bundle().archive(hash: Self.hash)
        for length in stride(from: 0, to: archive.count - 512, by: 64) {
            #expect(Self.problem(Array(archive.prefix(length))) != nil)
        }
    }

    @Test(arguments: ["/etc/passwd", "../x", "contents/../../x", "contents/.x", "a//b", "a b", "ä"])
    func `a path that leads elsewhere is refused`(path: String) throws {
        var archive = TarArchive.write([TarArchive.File(path: "x", bytes: [])])
        for (index, byte) in path.utf8.enumerated() { archive[index] = byte }
        archive.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = archive.prefix(512).reduce(0) { $0 + Int($1) }
        let octal = String(sum, radix: 8)
        archive.replaceSubrange(
            148..<156, with: Array((String(repeating: "0", count: 6 - octal.count) + octal + "\0 ").utf8))
        #expect(Self.problem(archive) == "the bundle has an entry that is no plain file")
    }

    @Test func `limits hold for the bundle, its files and their number`() throws {
        let archive = Self.bundle().archive(hash: Self.hash)
        var limits = TarArchive.Limits()
        limits.bytes = archive.count - 1
        #expect(Self.problem(archive, limits: limits)?.contains("at most") == true)
        limits = TarArchive.Limits()
        limits.fileBytes = 1199
        #expect(Self.problem(archive, limits: limits)?.contains("at most 1199") == true)
        limits = TarArchive.Limits()
        limits.files = 3
        #expect(Self.problem(archive, limits: limits) == "the bundle has over 3 files")
    }

    @Test func `contents that the manifest does not name, or that are missing, are refused`() throws {
        var more = Self.bundle()
        more.contents[Self.hash([1])] = [1]
        #expect(Self.problem(more.archive(hash: Self.hash)) == "the bundle's contents are not those of its manifest")
        var less = Self.bundle()
        less.contents[less.artifacts[0].hash] = nil
        #expect(Self.problem(less.archive(hash: Self.hash)) == "the bundle's contents are not those of its manifest")
        var twice = Self.bundle()
        twice.artifacts.append(twice.artifacts[2])
        #expect(Self.problem(twice.archive(hash: Self.hash))?.contains("twice") == true)
    }
}
