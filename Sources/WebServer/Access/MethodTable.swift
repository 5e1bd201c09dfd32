import Hummingbird
import HummingbirdCore
import Synchronization

/// The methods of each path, for answers to those that it does not know: the router tells that from no path at all.
final class MethodTable: Sendable {
    private struct Entry {
        let path: RouterPath
        let method: String
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ method: String, _ path: RouterPath) {
        entries.withLock { $0.append(Entry(path: path, method: method)) }
    }

    /// The methods that a path knows, sorted; empty if there is no such path. As in the router, a name wins over a parameter.
    func methods(of path: String) -> [String] {
        let parts = path.split(separator: "/")
        var best: [Bool] = []
        var methods: Set<String> = []
        for entry in entries.withLock({ $0 }) {
            guard entry.path.count == parts.count, zip(entry.path, parts).allSatisfy({ $0 ~= $1 }) else { continue }
            let named = zip(entry.path, parts).map { $0 == $1 }
            if !methods.isEmpty, named != best {
                let isBetter = zip(named, best).first { $0 != $1 }?.0 ?? false
                guard isBetter else { continue }
                methods = []
            }
            best = named
            methods.insert(entry.method)
        }
        return methods.sorted()
    }
}
