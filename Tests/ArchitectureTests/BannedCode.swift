/// What may not be written, where, and why.
struct BannedCode: Sendable {
    let name: String
    let why: String
    let pattern: @Sendable () -> Regex<Substring>

    static let everywhere = [
        BannedCode(name: "fatalError", why: "peers must not be able to end the process") { /\bfatalError\b/ },
        BannedCode(name: "try!", why: "peers must not be able to end the process") { /\btry!/ },
        BannedCode(name: "as!", why: "peers must not be able to end the process") { /\bas!/ },
        BannedCode(name: "XMLDocument", why: "it fetches external entities") { /\bXMLDocument\b/ },
        BannedCode(name: "onTermination", why: "it runs under a lock of its task: one of ours in it can stop both") {
            /\.onTermination\b/
        },
    ]

    /// A pure target takes values and gives values.
    static let pure =
        concurrency + [
            BannedCode(name: "async", why: "a pure target never waits") { /\b(?:async|await)\b/ },
            BannedCode(name: "a clock", why: "time arrives as a value") {
                /\b(?:Date|DispatchTime|ContinuousClock|SuspendingClock|clock_gettime|gettimeofday)\b/
            },
            BannedCode(name: "randomness", why: "randomness arrives as a value") {
                /\b(?:SystemRandomNumberGenerator|UUID|arc4random|getrandom)\b|\.(?:random|randomElement|shuffled?)\(/
            },
            BannedCode(name: "output", why: "a pure target only answers") { /\b(?:print|debugPrint|dump)\(/ },
            BannedCode(name: "the environment", why: "settings arrive as values") {
                /\b(?:getenv|ProcessInfo|CommandLine)\b/
            },
        ]

    /// Services wait through their clock port, so that one seeded executor can run them all in the simulator.
    static let services =
        concurrency + [
            BannedCode(name: "a clock", why: "time comes from the clock port") {
                /\b(?:Date|ContinuousClock|SuspendingClock|clock_gettime|gettimeofday|Timer)\b[ \t]*[(.]/
            },
            BannedCode(name: "randomness", why: "randomness comes from its port") {
                /\b(?:SystemRandomNumberGenerator|UUID|getrandom)\b|\.(?:random|randomElement|shuffled?)\(/
            },
            BannedCode(name: "threads", why: "only adapters own threads") {
                /\b(?:DispatchQueue|Thread|pthread_create)\b/
            },
        ]

    private static let concurrency = [
        BannedCode(name: "an unstructured task", why: "one place starts tasks: the service group") {
            /\bTask[ \t]*(?:<[^>\n]*>)?[ \t]*(?:\([^)\n]*\)[ \t]*)?\{|\bTask\.(?:detached|immediate)\b/
        },
        BannedCode(name: "Task.sleep", why: "every wait goes through the clock port") {
            /\bTask(?:<Never, Never>)?\.sleep\b/
        },
    ]

    /// Where a file has it, one sentence each.
    func violations(in file: SourceFile) -> [String] {
        // Simple boundaries: to Unicode, `Clock.now` is one word.
        file.code.matches(of: pattern().wordBoundaryKind(.simple)).map {
            "\(file.place($0.range.lowerBound)) has \(name): \(why)"
        }
    }
}
