/// The ends of lines, which version control changes (`autocrlf` of git) and which mean nothing to XML: a model with others is the
/// same content.
package enum LineEnds {
    private static let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))

    /// With LF, as models are stored.
    package static func unified(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(cr) else { return text }
        var unified: [UInt8] = []
        unified.reserveCapacity(text.count)
        for (index, byte) in text.enumerated() {
            if byte == cr, index + 1 < text.count, text[index + 1] == lf { continue }
            unified.append(byte)
        }
        return unified
    }

    /// The same text as a store or a working copy may have it: with LF, with CR LF, and as it is.
    package static func spellings(of text: [UInt8]) -> [[UInt8]] {
        let unified = unified(text)
        var wide: [UInt8] = []
        wide.reserveCapacity(unified.count + unified.count / 32)
        for byte in unified {
            if byte == lf { wide.append(cr) }
            wide.append(byte)
        }
        return [unified, wide] + (text == unified || text == wide ? [] : [text])
    }
}
