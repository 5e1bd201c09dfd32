import Foundation

/// Typed handlers' input and output. Foundation's coders are slow beside `Values`, and fast beside the work of an agent.
enum CodableJSON {
    static func decode<Input: Decodable>(_ type: Input.Type, from bytes: [UInt8]) throws -> Input {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw TaskError.failure("the input does not fit \(type): \(text(of: error))", retry: false)
        }
    }

    static func encode(_ output: some Encodable) throws -> [UInt8] {
        do {
            return try encodeAny(output)
        } catch let error as EncodingError {
            throw TaskError.failure("the output cannot be encoded: \(error)", retry: false)
        }
    }

    static func encodeAny(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    private static func text(of error: DecodingError) -> String {
        let (context, problem): (DecodingError.Context, String) =
            switch error {
            case .keyNotFound(let key, let context): (context, "\(key.stringValue) is missing")
            case .typeMismatch(let type, let context): (context, "it is not of type \(type)")
            case .valueNotFound(let type, let context): (context, "it is null and should be of type \(type)")
            case .dataCorrupted(let context): (context, context.debugDescription)
            @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "\(error)")
            }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? problem : "\(path): \(problem)"
    }
}
