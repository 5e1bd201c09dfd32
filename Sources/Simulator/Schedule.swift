/// All that a seed decides beforehand: the world, what is asked of it, and what goes wrong in it and when. What is left to chance at
/// run time (who goes first, how long something takes) comes from the seed too.
package struct Schedule: Sendable, Hashable, Codable {
    package enum Profile: String, Sendable, Hashable, Codable, CaseIterable {
        /// Nothing goes wrong: so nothing may be done twice, and no lease may run out.
        case calm
        /// Leases last for hours: what goes wrong must be mended by its own remedy, since nobody waits so long.
        case patient
        /// Leases are short, and everything goes wrong.
        case hostile
    }

    package struct Agent: Sendable, Hashable, Codable {
        /// Which contract, from 0.
        package var contract: Int
        package var prefetch: Int
    }

    package struct Moment: Sendable, Hashable, Codable {
        /// Milliseconds since the world began.
        package var at: Int
        package var happening: Happening
    }

    package var seed: UInt64
    package var profile: Profile
    /// The dice of the random workflow, and how deep it may be.
    package var model: UInt64
    package var depth: Int
    package var servers: Int
    /// Whether a server hears at once that another has committed.
    package var hints: Bool
    package var agents: [Agent]
    /// How long work takes at most, milliseconds.
    package var longestWork: Int
    package var moments: [Moment]

    package static let contracts = 3

    package var faults: Int { moments.count { $0.happening.isFault } }
    package var isCalm: Bool { profile == .calm }
}

/// What is done to a world. Servers, agents and contracts are numbers, taken modulo how many there are; durations are milliseconds.
package enum Happening: Sendable, Hashable, Codable {
    case asked(Request)
    case server(Int, ServerFault)
    case store(StoreFault)
    case bus(BusFault)
    case agent(Int, AgentFault)

    package enum Request: Sendable, Hashable, Codable {
        case start(key: Int)
        case startCaller(key: Int)
        case order(id: Int)
        case signal(id: Int)
        case cancelInstance(Int)
    }

    package enum ServerFault: Sendable, Hashable, Codable {
        /// As by SIGKILL, SIGTERM and SIGSTOP.
        case killed(downFor: Int)
        case terminated(downFor: Int)
        case stopped(for: Int)
        case clockSet(ahead: Int, for: Int)
        /// Between broker and engine.
        case losesRequest
        case losesReply
        /// The next commit fails, before or after it is stored.
        case commitFails(isStored: Bool)
        case claimFails
        case slowCommits(Int, by: Int)
        /// Its connection to the bus.
        case cut(for: Int)
        case losesPublishes(Int)
        case losesConfirms(Int)
        case slowConfirms(Int, by: Int)
        case losesAcks(downFor: Int)
    }

    package enum StoreFault: Sendable, Hashable, Codable {
        case away(for: Int)
        case full(for: Int)
    }

    package enum BusFault: Sendable, Hashable, Codable {
        case restarts(downFor: Int)
        case alarm(for: Int)
        case taskQueueFull(Int, for: Int)
        case resultsQueueFull(for: Int)
        case taskQueueUnbound(Int, for: Int)
        case resultsQueueUnbound(for: Int)
        case taskQueueDeleted(Int)
    }

    package enum AgentFault: Sendable, Hashable, Codable {
        case killed(downFor: Int)
        case stopped(for: Int)
        case cut(for: Int)
        case losesPublishes(Int)
        case losesConfirms(Int)
        case losesAcks(downFor: Int)
        case habit(AgentHabit, count: Int)
    }

    var isOfAgent: Bool {
        if case .agent = self { true } else { false }
    }

    var setsClock: Bool {
        if case .server(_, .clockSet) = self { true } else { false }
    }

    package var isFault: Bool {
        if case .asked = self { false } else { true }
    }
}

/// What an agent does to the next tasks that it gets, instead of its work.
package enum AgentHabit: String, Sendable, Hashable, Codable, CaseIterable {
    case dieBeforeWork, dieAfterWork, dieAfterResult
    case fail, giveUp, throwError
    /// Its signs of life go nowhere, and it does not notice.
    case mute
    case slow
    case garble, forge
    case answerTwice
    case refuse, giveBack
}
