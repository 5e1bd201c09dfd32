/// Who may import what: the direction of `Sources/ARCHITECTURE.md` as a table.
enum ImportRules {
    static let collections: Set = [
        "BitCollections", "Collections", "DequeModule", "HashTreeCollections", "HeapModule", "OrderedCollections",
    ]
    static let pure: Set = [
        "Values", "Expressions", "Decisions", "ProcessEngine", "Contracts", "Delivery", "Staging",
        "WorkflowTesting",
    ]
    static let adapters: Set = [
        "XMLReader", "YAMLReader", "SQLiteStore", "PostgresStore", "RabbitMQBus", "WebServer", "CamundaClient",
        "JSONWebTokens",
    ]
    static let system: Set = ["Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Synchronization"]

    /// The libraries that one target alone knows, so that a change of the library is a change of one target.
    static let soleImporters = [
        "CPCRE2": "Values", "CLibXML2": "XMLReader", "Yams": "YAMLReader", "GRDB": "SQLiteStore",
        "GRDBSQLite": "SQLiteStore",
        "CPostgres": "PostgresStore", "CRabbitMQ": "RabbitMQBus", "Hummingbird": "WebServer",
        "HummingbirdCore": "WebServer",
        "HTTPTypes": "WebServer",
        "JWTKit": "JSONWebTokens", "ArgumentParser": "waybill", "Crypto": "waybill", "Subprocess": "waybill",
        "CMalloc": "waybill",
    ]

    static let allowed: [String: Set<String>] = [
        "CLibXML2": [], "CMalloc": [], "CPCRE2": [], "CPostgres": [], "CRabbitMQ": [],

        "Values": collections.union(["CPCRE2"]),
        "Expressions": collections.union(["Values"]),
        "Decisions": collections.union(["Values", "Expressions", "ProcessEngine"]),
        "ProcessEngine": collections.union(["Values", "Expressions"]),
        "Contracts": collections.union(["Values", "Expressions", "ProcessEngine"]),
        "WorkflowTesting": collections.union(["Values", "Expressions", "Decisions", "ProcessEngine", "Contracts"]),
        "Delivery": collections.union(["Values", "ProcessEngine"]),
        "Staging": collections.union(["Values", "Contracts"]),

        // The shell waits through its clock port and in no other way: no Foundation, Dispatch or NIO.
        "Services": collections.union(pure).union(["Logging", "ServiceLifecycle", "Synchronization"]),

        "XMLReader": ["Values", "CLibXML2"],
        "YAMLReader": collections.union(["Values", "Contracts", "Yams"]),
        "SQLiteStore": pure.union(system).union(["Services", "GRDB", "GRDBSQLite"]),
        "PostgresStore": pure.union(system).union(["Services", "CPostgres"]),
        "RabbitMQBus": collections.union(system).union(["Values", "Delivery", "Services", "CRabbitMQ", "Logging"]),
        "WebServer": pure.union(system).union([
            "Services", "Logging", "ServiceLifecycle", "Hummingbird", "HummingbirdCore", "HTTPTypes",
            "NIOCore",
        ]),

        "CamundaClient": collections.union(system).union([
            "Values", "ProcessEngine", "Contracts", "Delivery", "Services", "Logging", "AsyncHTTPClient", "NIOCore",
            "NIOHTTP1",
        ]),

        "JSONWebTokens": ["Values", "Services", "Logging", "Foundation", "JWTKit"],

        "WaybillAgent": system.union([
            "Values", "ProcessEngine", "Contracts", "Delivery", "Services", "RabbitMQBus", "Logging",
            "ServiceLifecycle", "UnixSignals", "AsyncHTTPClient", "NIOCore", "NIOHTTP1",
        ]),
        "ServicesTesting": pure.union(collections).union(["Services", "Logging", "Synchronization", "Testing"]),
        "Fuzzing": pure.union(["XMLReader", "YAMLReader"]),
        "waybill-fuzz": ["Foundation", "Fuzzing"],
        "Simulator": pure.union(collections).union([
            "Services", "ServicesTesting", "Fuzzing", "XMLReader", "Logging", "Synchronization", "Foundation",
        ]),
        "waybill-simulate": ["Foundation", "Simulator"],
        "WebServerTesting": pure.union(system).union([
            "Services", "ServicesTesting", "XMLReader", "YAMLReader", "WebServer", "Logging", "AsyncHTTPClient",
            "NIOCore",
            "NIOHTTP1",
        ]),
        "waybill": pure.union(adapters).union(system).union([
            "Services", "WaybillAgent", "Simulator", "Logging", "ServiceLifecycle", "ArgumentParser", "AsyncHTTPClient",
            "NIOCore",
            "NIOHTTP1", "Crypto", "Subprocess", "SystemPackage", "UnixSignals", "CMalloc",
        ]),
    ]

    /// The modules that the code imports, in order, each once a line.
    static func imports(in code: String) -> [(module: String, index: String.Index)] {
        let statement =
            /(?m)^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:public|package|internal|private|fileprivate)[ \t]+)?import[ \t]+(?:(?:struct|class|enum|actor|protocol|func|var|let|typealias)[ \t]+)?(\w+)/
        return code.matches(of: statement).map { (String($0.output.1), $0.range.lowerBound) }
    }

    /// What is wrong with the imports of a file of a target, one sentence each.
    static func violations(in file: SourceFile, allowed: Set<String>) -> [String] {
        imports(in: file.code).filter { !allowed.contains($0.module) }
            .map { "\(file.place($0.index)) imports \($0.module), which its target may not" }
    }
}
