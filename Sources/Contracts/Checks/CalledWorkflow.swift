import Expressions
import ProcessEngine
import Values

extension CallActivity.Target {
    var isContract: Bool {
        switch self {
        case .contract: true
        case .process: false
        }
    }
}

extension CallActivity {
    /// The process that is called, if the model names one.
    func process(in catalog: ContractCatalog?) -> String? {
        switch target {
        case .process(let name): name.constantValue?.stringValue
        case .contract: catalog.flatMap { workflow(in: $0)?.process }
        }
    }

    /// The workflow contract of what is called, if there is one.
    func workflow(in catalog: ContractCatalog) -> Contract? {
        switch target {
        case .process(let name): name.constantValue?.stringValue.flatMap { catalog.workflow(ofProcess: $0) }
        case .contract(let key): catalog.contract(key).flatMap { $0.kind == .workflow ? $0 : nil }
        }
    }
}
