import Fuzzing

/// Draws schedules.
extension Schedule {
    /// A kind of fault: what it is, drawn with a number, a count and a span of time.
    private struct Kind: Sendable {
        /// Only a lease mends it, or a clock that comes back: not for patient worlds.
        var isForLeasesAlone = false
        var draw: @Sendable (_ who: Int, _ count: Int, _ span: Int, _ dice: inout Dice) -> Happening
    }

    private static let kinds: [Kind] = [
        Kind { who, _, span, _ in .server(who, .killed(downFor: span)) },
        Kind { who, _, span, _ in .server(who, .terminated(downFor: span)) },
        Kind { who, _, span, _ in .server(who, .stopped(for: span)) },
        Kind(isForLeasesAlone: true) { who, _, span, dice in
            .server(who, .clockSet(ahead: (dice.roll(61) - 30) * 1000, for: span))
        },
        Kind { who, _, _, _ in .server(who, .losesRequest) },
        Kind { who, _, _, _ in .server(who, .losesReply) },
        Kind { who, _, _, dice in .server(who, .commitFails(isStored: dice.roll(2) == 0)) },
        Kind { who, _, _, _ in .server(who, .claimFails) },
        Kind { who, count, _, dice in .server(who, .slowCommits(5 * count, by: 100 + dice.roll(1500))) },
        Kind { who, _, span, _ in .server(who, .cut(for: span)) },
        Kind { who, count, _, _ in .server(who, .losesPublishes(count)) },
        Kind { who, count, _, _ in .server(who, .losesConfirms(count)) },
        Kind { who, count, _, dice in .server(who, .slowConfirms(5 * count, by: 100 + dice.roll(5000))) },
        Kind { who, _, span, _ in .server(who, .losesAcks(downFor: span)) },
        Kind { _, _, span, _ in .store(.away(for: span)) },
        Kind { _, _, span, _ in .store(.full(for: span)) },
        Kind { _, _, span, _ in .bus(.restarts(downFor: span)) },
        Kind { _, _, span, _ in .bus(.alarm(for: span)) },
        Kind { who, _, span, _ in .bus(.taskQueueFull(who, for: span)) },
        Kind { _, _, span, _ in .bus(.resultsQueueFull(for: span)) },
        Kind { who, _, span, _ in .bus(.taskQueueUnbound(who, for: span)) },
        Kind { _, _, span, _ in .bus(.resultsQueueUnbound(for: span)) },
        Kind(isForLeasesAlone: true) { who, _, _, _ in .bus(.taskQueueDeleted(who)) },
        Kind { who, _, span, _ in .agent(who, .killed(downFor: span)) },
        Kind { who, _, span, _ in .agent(who, .stopped(for: span)) },
        Kind { who, _, span, _ in .agent(who, .cut(for: span)) },
        Kind { who, count, _, _ in .agent(who, .losesPublishes(count)) },
        Kind { who, count, _, _ in .agent(who, .losesConfirms(count)) },
        Kind { who, _, span, _ in .agent(who, .losesAcks(downFor: span)) },
        Kind { who, count, _, dice in .agent(who, .habit(dice.pick(AgentHabit.allCases) ?? .fail, count: count)) },
    ]

    /// So long things go wrong.
    private static let length = 20_000

    package init(seed: UInt64) {
        var dice = Dice(seed: seed, number: 0)
        profile = [.calm, .patient, .patient, .hostile, .hostile][dice.roll(5)]
        self.seed = seed
        model = dice.next()
        depth = dice.roll(3)
        servers = 1 + dice.roll(2)
        hints = dice.roll(2) == 0
        longestWork = [20, 200, 2000, 12_000][dice.roll(4)]
        agents = []
        for contract in 0..<Self.contracts {
            for _ in 0...dice.roll(2) {
                agents.append(Agent(contract: contract, prefetch: [1, 1, 2, 5, 20][dice.roll(5)]))
            }
        }
        moments = []
        let last = profile == .calm ? 5000 : Self.length
        for number in 0..<(5 + dice.roll(3)) { add(.asked(.start(key: number)), &dice, before: last) }
        if dice.roll(2) == 0 { add(.asked(.start(key: 0)), &dice, before: last) }
        for number in 0..<dice.roll(2) { add(.asked(.startCaller(key: number)), &dice, before: last) }
        for number in 0..<dice.roll(3) { add(.asked(.order(id: number)), &dice, before: last) }
        for number in 0..<dice.roll(2) { add(.asked(.signal(id: number)), &dice, before: last) }
        if profile != .calm {
            if dice.roll(3) == 0 { add(.asked(.cancelInstance(dice.roll(5))), &dice, before: last) }
            addFaults(&dice)
        }
        // Moments of one time keep the order in which they were drawn.
        moments = moments.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func add(_ happening: Happening, _ dice: inout Dice, before last: Int) {
        // Much at once is worth as much as all things apart.
        let at = dice.roll(3) == 0 ? 0 : dice.roll(last)
        moments.append(Moment(at: at, happening: happening))
    }

    /// A few kinds of fault, some of them often: what all of them together hide, few of them show.
    private mutating func addFaults(_ dice: inout Dice) {
        let all = Self.kinds.filter { profile == .hostile || !$0.isForLeasesAlone }
        var kinds: [Kind] = []
        for _ in 0..<(2 + dice.roll(6)) { if let kind = dice.pick(all) { kinds.append(kind) } }
        for _ in 0..<(5 + dice.roll(8)) {
            guard let kind = dice.pick(kinds) else { continue }
            let span = [200, 2000, 6000, 15_000][dice.roll(4)] + dice.roll(1000)
            let happening = kind.draw(dice.roll(10), 1 + dice.roll(4), span, &dice)
            add(happening, &dice, before: Self.length)
        }
    }
}
