package import Decisions
package import Expressions
package import ProcessEngine
package import Values

/// The decisions that are deployed, ready to be evaluated. Immutable: a deployment makes a new value.
package struct DeployedDecisions: Sendable {
    /// A version of a decision.
    package struct Version: Sendable {
        package let deployed: DeployedDecision
        /// What the modeler called it, or its version in the config store.
        package let tags: [String]
        package let model: DecisionModel
        /// What the modeler sees of it.
        package let name: String
        let form: DecisionModel.ResultForm
        let inputNames: [String]

        /// Reads a bundle, or throws `Diagnostics`.
        package init(
            _ deployed: DeployedDecision, source: [UInt8],
            read: (_ source: [UInt8], _ file: String) throws -> SourceNode
        ) throws {
            guard let bundle = DecisionBundle(source) else {
                throw StoreError(.corrupt, "the decision \(deployed.id) is stored as no bundle; deploy it again")
            }
            var files: [DecisionModel.File] = []
            for file in bundle.files {
                files.append(DecisionModel.File(try read(Array(file.text.utf8), file.name), name: file.name))
            }
            let model = try DecisionModel.read(files)
            self.deployed = deployed
            self.model = model
            let decision = deployed.id.decision
            tags = [DecisionModel.versionTag(of: decision, in: files[0].root), deployed.configVersion].compactMap(
                \.self)
            name = model.decisions.first { $0.id == decision }?.name ?? decision
            form = model.resultForm(of: decision) ?? .init(outputs: [decision], isList: false)
            inputNames = model.inputNames
        }
    }

    /// By decision, oldest version first.
    private var versions: [String: [Version]] = [:]
    private var deployments: [DefinitionID: Timestamp] = [:]

    package init() {}

    package init(_ versions: [Version], definitions: [DeployedDefinition]) {
        self.versions = Dictionary(grouping: versions) { $0.deployed.id.decision }.mapValues {
            $0.sorted { $0.deployed.id < $1.deployed.id }
        }
        deployments = Dictionary(definitions.map { ($0.id, $0.deployedAt) }, uniquingKeysWith: { $1 })
    }

    /// Every version, ordered by decision and version.
    package var all: [Version] { versions.keys.sorted().flatMap { versions[$0] ?? [] } }

    /// The newest version of a decision, or a certain one.
    package func version(of decision: String, _ number: Int? = nil) -> Version? {
        guard let number else { return versions[decision]?.last }
        return versions[decision]?.first { $0.deployed.id.version == number }
    }

    private func find(_ reference: DecisionReference) throws(DecisionFailure) -> Version {
        switch reference.target {
        case .contract(let contract):
            let found = all.filter { version in
                version.deployed.contract == contract.name && version.major == contract.major
            }.max { $0.order < $1.order }
            if let found { return found }
            throw DecisionFailure("no decision is deployed for the contract \(contract)")
        case .named(let name, let binding):
            guard let all = versions[name], let newest = all.last else {
                throw DecisionFailure("no decision \(name) is deployed")
            }
            switch binding {
            case .latest, .contract: return newest
            case .deployment:
                let deployed = reference.caller.flatMap { deployments[$0] }
                return deployed.flatMap { time in all.last { $0.deployed.deployedAt <= time } } ?? newest
            case .version(let number):
                if let found = all.first(where: { $0.deployed.id.version == number }) { return found }
                throw DecisionFailure("the decision \(name) has no version \(number); the newest is \(newest.number)")
            case .versionTag(let tag):
                if let found = all.last(where: { $0.tags.contains(tag) }) { return found }
                throw DecisionFailure("no version of the decision \(name) has the tag \"\(tag)\"")
            }
        }
    }
}

extension DeployedDecisions: DecisionMaker {
    package func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<DecisionAnswer, DecisionFailure> {
        do throws(DecisionFailure) {
            let version = try find(reference)
            let id = version.deployed.id
            let value = try version.model.answer(
                id.decision, title: id.description, as: reference.shape, with: variables)
            return .success(DecisionAnswer(decision: version.deployed.id, value: value))
        } catch {
            return .failure(error)
        }
    }
}

extension DeployedDecisions.Version {
    fileprivate var number: Int { deployed.id.version }

    fileprivate var major: Int? {
        deployed.configVersion?.split(separator: ".").first.flatMap { Int($0) }
    }

    fileprivate var order: (Int, Int) {
        (deployed.configVersion?.split(separator: ".").last.flatMap { Int($0) } ?? 0, number)
    }
}
