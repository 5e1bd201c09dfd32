import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run some or all parts of Waybill, as one of several processes on one store and one bus.",
        discussion: """
            Roles: engine (timers and lost leases), broker (tasks to the bus, results from it), deployer (what is pushed becomes
            what runs), indexer (the workflow index), web (the REST API). Each may run in several processes on one PostgreSQL; a
            process may join and leave at any time, and SIGTERM drains it. Every process answers /health and /metrics at
            --listen.

            Examples:
              waybill serve --postgres-url-file /etc/waybill/postgres.url --amqp-url-file /etc/waybill/amqp.url
              waybill serve --roles engine,broker --listen 127.0.0.1:8586
              waybill serve --roles broker,deployer --engine http://camunda:8080/engine-rest --data contracts-store
              waybill serve --roles web,indexer,deployer --listen 0.0.0.0:8585 --token-file /etc/waybill/token
            """)

    @Option(
        help: "The parts to play: engine, broker, deployer, indexer, web, with commas; or all (default: all).",
        transform: Role.list)
    var roles = Set(Role.allCases)
    @Option(
        help: ArgumentHelp(
            """
            Serve the external tasks of another engine with a Camunda 7 REST API instead of an own one: http://host/engine-rest \
            (user:password@ is Basic authentication, WAYBILL_ENGINE_TOKEN a bearer token). With the roles broker and deployer; \
            contracts and models come from the store, and the deployer deploys them there.
            """, valueName: "url"))
    var engine: String?
    @Option(
        help: ArgumentHelp(
            "An engine with a Camunda 7 REST API that has to take each new model, before it is stored: it is deployed there, and deleted.",
            valueName: "url"))
    var checkEngine: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var serving: ServingOptions
    @OptionGroup var bus: BusOptions
    @OptionGroup var logging: LogOptions

    func run() async throws {
        try Settings.check()
        guard engine == nil || roles.isSubset(of: [.broker, .deployer]) else {
            throw CommandError(
                "--engine goes with --roles broker,deployer: the other roles are about an engine of this store")
        }
        try await Server(
            Server.Configuration(
                roles: roles, place: store.place(), engine: try engine.map { try RemoteEngine($0, option: "--engine") },
                checkEngine: try checkEngine.map { try RemoteEngine($0, option: "--check-engine") },
                serving: serving.checked(),
                bus: bus.configuration(
                    clientName: "waybill-"
                        + Role.allCases.filter { roles.contains($0) }.map(\.rawValue).joined(separator: "-")),
                log: logging.logger("waybill"))
        ).run()
    }
}
