/// How many tasks one poll asks for: few where few come, so that brokers share what there is, and up to sixteen times as many
/// where they wait, so that a backlog goes out in few large batches.
///
/// Ten polls side by side and one of a hundred are the same to the engine, but not what they cost.
package struct PollSize: Sendable, Hashable {
    private let least: Int
    private let most: Int
    package private(set) var current: Int

    package init(least: Int) {
        self.least = max(1, least)
        most = self.least.multipliedReportingOverflow(by: 16).overflow ? self.least : self.least * 16
        current = self.least
    }

    /// A poll of this size got so many: twice as many may be there next time. A smaller answer makes it shrink slowly, since
    /// those of a busy engine differ much.
    package mutating func answered(_ count: Int) {
        let (twice, overflow) = count.multipliedReportingOverflow(by: 2)
        current = min(max(least, overflow ? most : twice, current - current / 4), most)
    }
}
