import Delivery
public import Logging
import ProcessEngine
public import ServiceLifecycle
package import Services
import Synchronization
import UnixSignals

/// A program that does the work of one or more task contracts.
///
/// ```swift
/// import WaybillAgent
///
/// struct TranscodeInput: Decodable, Sendable {
///     var sourceUri: String
///     var preset: String
/// }
/// struct TranscodeOutput: Encodable, Sendable {
///     var proxyUri: String
/// }
///
/// let agent = Agent(name: "transcoder", bus: .rabbitMQ(url: "amqp://agent:secret@localhost:5672/waybill"), prefetch: 4)
///
/// agent.serve("media.transcode@2", input: TranscodeInput.self) { input, task in
///     guard let codec = Codec(of: input.sourceUri) else {
///         throw TaskError.bpmn(code: "UNSUPPORTED_CODEC", message: "no such codec")    // the workflow decides what follows
///     }
///     let proxy = try await codec.transcode(preset: input.preset) { share in
///         try await task.progress(share, "transcoding")
///     }
///     return TranscodeOutput(proxyUri: proxy)
/// }
///
/// try await agent.runService()      // until SIGTERM or SIGINT: then running tasks are finished first
/// ```
///
/// **What is promised.** A task is acknowledged to the bus only after the bus has confirmed its result: no crash loses a task,
/// at any moment. So a task may run more than once (after a crash, or when its agent was cut off): make the work repeatable, with
/// ``AgentTask/id`` as the idempotency key towards others. One attempt never runs twice at the same time in one agent. However
/// often a task runs, one result is applied.
///
/// **What happens by itself.** Heartbeats; reconnects; inputs that are too large for the bus are fetched over HTTP; a second
/// delivery of a task that is still running joins the run; a task that runs longer than the bus allows is handed from the bus
/// to the engine's lease.
///
/// **When a handler is cancelled** (`Task.isCancelled`): the workflow went on without the task; a newer attempt exists; the
/// contract's timeout passed; no heartbeat came through for so long that another agent may get the task (stop side effects);
/// or ``run()`` was cancelled.
public final class Agent: Service {
    private let name: String
    private let bus: AgentBus
    private let prefetch: Int
    private let options: AgentOptions
    private let logger: Logger
    private let time: any TimeSource
    private let random: any RandomSource
    private let getClaim: ClaimGetter
    private let registrations = Mutex<[Registration]>([])
    private let drains = Mutex(DrainState())

    private struct DrainState {
        var isDraining = false
        var servers: [ContractServer] = []
    }

    /// Makes an agent; nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - name: What the bus and the broker's log call it: letters, digits, `-` and `_`. Processes of the same agent share it.
    ///   - bus: Where the tasks are.
    ///   - prefetch: How many tasks of a contract run at once, 1 to 65535. One or two for long or heavy tasks.
    ///   - options: What else can be set.
    ///   - logger: Where it logs.
    public convenience init(
        name: String, bus: AgentBus, prefetch: Int = 1, options: AgentOptions = AgentOptions(),
        logger: Logger = Logger(label: "waybill.agent")
    ) {
        self.init(
            name: name, bus: bus, prefetch: prefetch, options: options, logger: logger, time: SteadyTime(),
            random: UnguessableRandom())
    }

    package init(
        name: String, bus: AgentBus, prefetch: Int, options: AgentOptions, logger: Logger, time: any TimeSource,
        random: any RandomSource, getClaim: @escaping ClaimGetter = HTTPClaims.get
    ) {
        self.name = name
        self.bus = bus
        self.prefetch = prefetch
        self.options = options
        self.logger = logger
        self.time = time
        self.random = random
        self.getClaim = getClaim
    }

    /// Serves a contract with a typed handler. Call it before ``run()``.
    ///
    /// The handler's errors: a ``TaskError`` says what is meant. Any other error fails the attempt, and the contract's policy
    /// decides whether and when the next one comes. Input that does not decode fails the attempt without another.
    ///
    /// - Parameters:
    ///   - contract: `<name>@<major>`, as in `media.transcode@2`.
    ///   - prefetch: How many tasks of this contract run at once, if not as many as of the others.
    ///   - input: The type of the contract's input.
    ///   - handler: Does the work and returns the output, which must encode to a JSON object.
    public func serve<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ contract: String, prefetch: Int? = nil, input: Input.Type,
        handler: @escaping @Sendable (Input, AgentTask) async throws -> Output
    ) {
        serve(contract, prefetch: prefetch) { bytes, task in
            try CodableJSON.encode(try await handler(try CodableJSON.decode(input, from: bytes), task))
        }
    }

    /// Serves a contract without an output.
    public func serve<Input: Decodable & Sendable>(
        _ contract: String, prefetch: Int? = nil, input: Input.Type,
        handler: @escaping @Sendable (Input, AgentTask) async throws -> Void
    ) {
        serve(contract, prefetch: prefetch) { bytes, task in
            try await handler(try CodableJSON.decode(input, from: bytes), task)
            return Array("{}".utf8)
        }
    }

    /// Serves a contract with a handler of JSON: UTF-8 text of an object in, the same out.
    public func serve(
        _ contract: String, prefetch: Int? = nil,
        rawHandler: @escaping @Sendable ([UInt8], AgentTask) async throws -> [UInt8]
    ) {
        let registration = Registration(contract: contract, prefetch: prefetch ?? self.prefetch, handler: rawHandler)
        registrations.withLock { $0.append(registration) }
    }

    /// Serves until it is drained or cancelled.
    ///
    /// A graceful shutdown (of the `ServiceGroup` it is in) drains it: it takes no more tasks, finishes those that run, and
    /// returns. Cancellation stops it at once: handlers are cancelled and the bus gives their tasks to other agents.
    ///
    /// - Throws: ``AgentError`` for a contract name or an address that cannot be read, or what publishing the contracts threw.
    ///   A bus that cannot be reached is no error: the agent tries again until it can.
    public func run() async throws {
        let names = BusNames(prefix: options.queuePrefix)
        let bus = try bus.connect("\(name) agent", logger)
        let servers = try makeServers(bus: bus, names: names)
        if !options.contracts.isEmpty { try await options.publishContracts?(options.contracts) }
        let control = AgentControl(
            agent: name, bus: bus, names: names, servers: servers, time: time, random: random, logger: logger)
        let isDraining = drains.withLock { state in
            state.servers = servers
            return state.isDraining
        }
        if isDraining { return }
        try await withGracefulShutdownHandler {
            try await serve(servers, control: control, bus: bus, names: names)
        } onGracefulShutdown: {
            self.drain()
        }
    }

    /// Serves until SIGTERM or SIGINT, then drains and returns. For a program that is nothing but this agent.
    public func runService() async throws {
        try await ServiceGroup(services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }

    /// Takes no more tasks and lets ``run()`` return when the running ones are finished and their results are on the bus.
    public func drain() {
        let servers = drains.withLock { state in
            state.isDraining = true
            return state.servers
        }
        for server in servers { server.drain() }
    }

    private func makeServers(bus: any MessageBus, names: BusNames) throws(AgentError) -> [ContractServer] {
        var servers: [ContractServer] = []
        for registration in registrations.withLock({ $0 }) {
            guard let contract = ContractKey(registration.contract),
                !servers.contains(where: { $0.contract == contract })
            else {
                throw AgentError(
                    "\(registration.contract) cannot be served: a contract is <name>@<major>, as in media.transcode@2, and has one handler"
                )
            }
            guard (1...65_535).contains(registration.prefetch) else {
                throw AgentError(
                    "the prefetch of \(registration.contract) is \(registration.prefetch): it must be 1 to 65535")
            }
            let session = AgentSession.Configuration(
                contract: contract, prefetch: registration.prefetch, names: names,
                consumerTimeout: options.consumerTimeout)
            servers.append(
                ContractServer(
                    session: session, bus: bus, handler: registration.handler,
                    inputFetcher: InputFetcher(time: time, get: getClaim), time: time, logger: logger))
        }
        guard !servers.isEmpty else { throw AgentError("the agent \(name) serves no contract") }
        return servers
    }

    /// The one place that starts tasks: the bus, control, and one server a contract. Ends with the last server.
    private func serve(
        _ servers: [ContractServer], control: AgentControl, bus: any MessageBus, names: BusNames
    ) async throws {
        let declares = options.declaresQueues
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await bus.run()
                return false
            }
            group.addTask {
                if declares {
                    try await control.keepTrying {
                        try await bus.declare(names.brokerTopology(contracts: servers.map(\.contract)))
                    }
                }
                await control.run()
                return false
            }
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for server in servers { group.addTask { await server.run() } }
                }
                return true
            }
            while let isDone = try await group.next() {
                if isDone { group.cancelAll() }
            }
        }
    }
}

struct Registration: Sendable {
    var contract: String
    var prefetch: Int
    var handler: @Sendable ([UInt8], AgentTask) async throws -> [UInt8]
}

/// What can be set on an agent beside its name, bus and prefetch.
public struct AgentOptions: Sendable {
    /// How long the bus bears an unacknowledged delivery: RabbitMQ's `consumer_timeout`, 30 minutes by default.
    public var consumerTimeout: Duration = .seconds(1800)
    /// Whether the agent declares exchanges and queues itself. Usually the broker does, and the agent waits for them.
    public var declaresQueues = false
    /// Precedes the names of exchanges and queues, as the broker's `--bus-prefix` does.
    public var queuePrefix = ""
    /// Contract files (YAML or JSON) that the agent brings with it, as bytes.
    public var contracts: [[UInt8]] = []
    /// Publishes ``contracts`` when the agent starts, before it takes a task. A changed contract needs a new version.
    public var publishContracts: (@Sendable ([[UInt8]]) async throws -> Void)?

    /// The defaults.
    public init() {}
}

/// Why an agent cannot start.
public struct AgentError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
