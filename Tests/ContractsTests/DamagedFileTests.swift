import Contracts
import Testing
import Values
import YAMLReader

/// Files as a disk, an editor or an enemy may leave them. The seed is in the failure.
@Suite struct DamagedFileTests {
    /// SplitMix64: the same on every platform.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let spice: [[UInt8]] = [
        "[", "]", "{", "}", ":", "- ", "\n", "  ", "&a ", "*a", "!x ", "? ", "|\n", "\"", "'", "#", "---\n",
        "$ref: '#'", "\u{0}", "\t",
    ].map { Array($0.utf8) }

    private func damaged(_ original: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = original
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes = Array(bytes.prefix(place))
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2:
                bytes.insert(contentsOf: Self.spice.randomElement(using: &random) ?? [], at: min(place, bytes.count))
            case 3 where place < bytes.count: bytes.remove(at: place)
            default: bytes += bytes[min(place, bytes.count)...].prefix(200)
            }
        }
        return bytes
    }

    @Test(arguments: 0..<20)
    func `a damaged file is read or refused with a place, never more`(seed: Int) {
        var random = Random(state: UInt64(seed))
        var refused = 0
        for _ in 0..<100 {
            let bytes = damaged(Array(Sample.transcode.utf8), &random)
            do {
                let contract = try Contract(YAMLReader.read(bytes, file: "a.yaml"))
                #expect(throws: Never.self) { try Contract(canonical: contract.canonical) }
            } catch {
                refused += 1
                #expect(!error.all.isEmpty)
                #expect(error.all.allSatisfy { $0.file == "a.yaml" && !$0.message.isEmpty })
            }
        }
        #expect(refused > 20)
    }
}
