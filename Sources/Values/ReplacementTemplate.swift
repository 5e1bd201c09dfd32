/// A replacement in XPath's syntax, read once for all matches.
struct ReplacementTemplate {
    private enum Part {
        case text([UInt8])
        /// 0 is the whole match.
        case group(Int)
    }

    private var parts: [Part] = []

    init(_ replacement: String, groupCount: Int, isLiteral: Bool) throws(PatternError) {
        let bytes = Array(replacement.utf8)
        guard !isLiteral else {
            parts = [.text(bytes)]
            return
        }
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch byte {
            case ASCII.backslash:
                guard let next, next == ASCII.backslash || next == ASCII.dollar else {
                    throw PatternError(
                        kind: .invalidReplacement, message: "'\\' must be followed by '\\' or '$'", offset: index)
                }
                text.append(next)
                index += 2
            case ASCII.dollar:
                guard let next, ASCII.isDigit(next) else {
                    throw PatternError(
                        kind: .invalidReplacement, message: "'$' must be followed by a digit", offset: index)
                }
                index += 1
                parts += [.text(text), .group(Self.readGroup(bytes, &index, groupCount: groupCount))]
                text = []
            default:
                text.append(byte)
                index += 1
            }
        }
        parts.append(.text(text))
    }

    /// As many digits as make the number of a group; the first in any case.
    private static func readGroup(_ bytes: [UInt8], _ index: inout Int, groupCount: Int) -> Int {
        var group = Int(bytes[index] - ASCII.zero)
        index += 1
        while index < bytes.count, ASCII.isDigit(bytes[index]) {
            let longer = group * 10 + Int(bytes[index] - ASCII.zero)
            guard longer <= groupCount else { break }
            group = longer
            index += 1
        }
        return group
    }

    /// A group that took no part, or does not exist, is empty.
    func append(_ match: PatternRanges, of subject: [UInt8], to result: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .group(0): result += subject[match.range]
            case .group(let number):
                if number <= match.groups.count, let range = match.groups[number - 1] { result += subject[range] }
            }
        }
    }
}
