package import Foundation

/// A schedule in a file: a regression case, or a story to look at. JSON, one moment a line.
extension Schedule {
    package init(file: Data) throws {
        self = try JSONDecoder().decode(Schedule.self, from: file)
    }

    package var file: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(self) + Data("\n".utf8)
        }
    }
}
