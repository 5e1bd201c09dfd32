import ArgumentParser
import Values

/// Inputs on the command line: a JSON object, and single members that win over it.
struct InputOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: "One input, NAME=VALUE; may be given several times. A text of digits has quotes: NAME='\"42\"'.")
    var sets: [String] = []
    @Option(help: "A JSON object of inputs: @FILE, - for standard input, or the JSON itself.")
    var input: String?

    /// A value of `--set` that is JSON is taken as such; everything else is a string.
    func object() throws -> JSON {
        var members: [(name: String, value: JSON)] = []
        if let input {
            do {
                guard let given = try JSON(validating: try Self.bytes(of: input)).members() else {
                    throw CommandError("--input must be a JSON object of inputs")
                }
                members = given
            } catch let error as JSONError {
                let isFile = input.hasPrefix("@")
                throw CommandError(
                    "\(isFile ? String(input.dropFirst()) : "--input") is not valid JSON: line \(error.line), "
                        + "column \(error.column): \(error.message)"
                        + (isFile || input == "-" || input.hasPrefix("{") ? "" : "; a file is --input @\(input)"))
            }
        }
        for text in sets {
            let (name, value) = try Self.pair(text, "--set")
            let json = (try? JSON(validating: Array(value.utf8))) ?? .string(value)
            members.removeAll { $0.name == name }
            members.append((name, json))
        }
        return .object(members)
    }

    private static func bytes(of input: String) throws -> [UInt8] {
        if input == "-" { return try InputFile.bytes(input, takesStandardInput: true) }
        guard input.hasPrefix("@") else { return Array(input.utf8) }
        let path = String(input.dropFirst())
        if path.isEmpty { throw CommandError("--input @ names no file: --input @order.json") }
        return try InputFile.bytes(path)
    }

    /// `NAME=VALUE`, of an option that is named, with its form, if it is something else.
    static func pair(_ text: String, _ option: String, takes form: String = "NAME=VALUE") throws -> (String, String) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw CommandError("\(option) takes \(form), not '\(text)'")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}
