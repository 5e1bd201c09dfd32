import ProcessEngine
import Services
import Values

/// A deployment as the engine lists it, and what its name says.
struct CamundaDeployment {
    let id: String
    let deployedAt: Timestamp?
    private let name: String

    init?(_ row: JSON) {
        guard let id = row["id"]?.stringValue else { return nil }
        self.id = id
        name = row["name"]?.stringValue ?? ""
        deployedAt = row["deploymentTime"]?.stringValue.flatMap { CamundaTask.time($0) }
    }

    var order: Int64 { deployedAt?.millisecondsSinceEpoch ?? 0 }

    /// `media.ingest@1.1 <hash>`
    static func name(contract: String, version: String, hash: String) -> String {
        "\(contract)@\(version) \(hash)"
    }

    /// `decision dish@1.0 <hash> [contract]`
    static func name(of decision: Deployment.Decision) -> String {
        let contract = decision.contract.map { " " + $0 } ?? ""
        return "decision \(decision.decision)@\(decision.configVersion ?? "0") \(decision.hash)\(contract)"
    }

    /// The workflow version that this is one of.
    var model: (contract: String, version: String, hash: String)? {
        let words = name.split(separator: " ")
        guard words.count == 2, let (contract, version) = Self.reference(words[0]) else { return nil }
        return (contract, version, String(words[1]))
    }

    var decision: DeployedDecision? {
        let words = name.split(separator: " ")
        guard words.count == 3 || words.count == 4, words[0] == "decision",
            let (decision, version) = Self.reference(words[1])
        else { return nil }
        return DeployedDecision(
            id: DecisionID(decision: decision, version: 1), hash: String(words[2]),
            contract: words.count == 4 ? String(words[3]) : nil, configVersion: version,
            deployedAt: deployedAt ?? Timestamp(millisecondsSinceEpoch: 0))
    }

    private static func reference(_ word: Substring) -> (String, String)? {
        guard let at = word.lastIndex(of: "@") else { return nil }
        return (String(word[..<at]), String(word[word.index(after: at)...]))
    }
}
