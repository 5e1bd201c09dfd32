package import ServicesTesting
import Synchronization
import Values

/// What happens in a world, for people. Costs nothing unless somebody wants to read it.
package final class Story: Sendable {
    private let clock: TestClock
    private let begin: Timestamp
    private let tell: (@Sendable (String) -> Void)?

    package init(clock: TestClock, tell: (@Sendable (String) -> Void)?) {
        self.clock = clock
        begin = clock.now
        self.tell = tell
    }

    package var isTold: Bool { tell != nil }

    package func note(_ who: String, _ what: @autoclosure () -> String) {
        guard let tell else { return }
        let milliseconds = clock.now.duration(since: begin).milliseconds
        let fraction = String(milliseconds % 1000)
        let time = "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
        tell("\(String(repeating: " ", count: max(0, 9 - time.count)))\(time)  \(who): \(what())")
    }
}
