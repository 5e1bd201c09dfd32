/// A `multipart/form-data` body, read into its parts (RFC 7578).
struct Multipart {
    struct Part {
        var name: String
        /// Of a file part; the name of the part says nothing about the file.
        var filename: String?
        var content: [UInt8]
    }

    let parts: [Part]

    /// Nil if the content type names no boundary, or the body is not made of parts.
    init?(_ body: [UInt8], contentType: String) {
        guard contentType.lowercased().hasPrefix("multipart/form-data"),
            let boundary = Self.parameter("boundary", of: contentType), !boundary.isEmpty
        else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        let positions = Self.positions(of: delimiter, in: body)
        guard let last = positions.last, body[(last + delimiter.count)...].starts(with: Array("--".utf8)) else {
            return nil
        }
        var parts: [Part] = []
        for (start, end) in zip(positions, positions.dropFirst()) {
            // Between two delimiters: line break, headers, empty line, content, line break.
            guard let part = Self.part(body[(start + delimiter.count)..<end]) else { return nil }
            parts.append(part)
        }
        self.parts = parts
    }

    private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
        let blank = Array("\r\n\r\n".utf8)
        guard bytes.starts(with: Array("\r\n".utf8)), bytes.suffix(2).elementsEqual(Array("\r\n".utf8)),
            let end = positions(of: blank, in: Array(bytes)).first.map({ bytes.startIndex + $0 })
        else { return nil }
        let headers = String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self).split(separator: "\r\n")
        guard let disposition = headers.first(where: { $0.lowercased().hasPrefix("content-disposition:") }),
            let name = parameter("name", of: String(disposition)), end + blank.count <= bytes.endIndex - 2
        else { return nil }
        return Part(
            name: name, filename: parameter("filename", of: String(disposition)),
            content: Array(bytes[(end + blank.count)..<(bytes.endIndex - 2)]))
    }

    /// A parameter of a header, with or without quotes.
    private static func parameter(_ name: String, of header: String) -> String? {
        for piece in header.split(separator: ";").dropFirst() {
            let text = piece.drop { $0 == " " }
            guard text.lowercased().hasPrefix(name + "=") else { continue }
            let value = text.dropFirst(name.count + 1)
            guard value.hasPrefix("\"") else { return String(value.prefix { $0 != " " }) }
            // The value may hold the semicolon that the pieces were cut at: read it from the whole header.
            guard let quote = header[text.startIndex...].firstIndex(of: "\"") else { return nil }
            let rest = header[header.index(after: quote)...]
            return String(rest.prefix { $0 != "\"" })
        }
        return nil
    }

    /// Where `word` stands at the beginning of a line, or anywhere if it is itself line breaks.
    private static func positions(of word: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = word.first, bytes.count >= word.count else { return [] }
        let isDelimiter = first == UInt8(ascii: "-")
        var found: [Int] = []
        var index = 0
        while index <= bytes.count - word.count {
            if bytes[index] == first, bytes[index..<index + word.count].elementsEqual(word),
                !isDelimiter || index == 0 || bytes[index - 1] == UInt8(ascii: "\n")
            {
                found.append(index)
                index += word.count
            } else {
                index += 1
            }
        }
        return found
    }
}
