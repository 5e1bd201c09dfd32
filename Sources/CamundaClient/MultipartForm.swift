/// A body of `multipart/form-data` (RFC 7578).
struct MultipartForm {
    let boundary: String
    private(set) var bytes: [UInt8] = []

    init(_ parts: [CamundaRequest.Part]) {
        // No part may contain it: each try is longer than the last.
        var boundary = "----waybill"
        while parts.contains(where: { Self.contains($0.content, Array(boundary.utf8)) }) { boundary += "-waybill" }
        self.boundary = boundary
        for part in parts {
            append("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(part.name))\"")
            if let filename = part.filename {
                append("; filename=\"\(Self.quoted(filename))\"\r\nContent-Type: application/octet-stream")
            }
            append("\r\n\r\n")
            bytes += part.content
            append("\r\n")
        }
        append("--\(boundary)--\r\n")
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    private static func quoted(_ text: String) -> String {
        String(text.map { "\"\r\n\\".contains($0) ? "_" : $0 })
    }

    private static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
        guard bytes.count >= needle.count else { return false }
        return (0...(bytes.count - needle.count)).contains { start in
            bytes[start] == needle[0] && bytes[start..<(start + needle.count)].elementsEqual(needle)
        }
    }
}
