import Services
import Synchronization

#if DEBUG
    import Foundation
#endif

/// Fault points of this process. A debug build that is started with WAYBILL_FAULT=change:3 kills itself where its third point of work
/// `change` is reached; a release build knows nothing of it.
enum Faults {
    static func point() throws -> FaultPoint {
        #if DEBUG
            guard let text = ProcessInfo.processInfo.environment["WAYBILL_FAULT"] else { return .none }
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count == 2, let deadly = FaultPoint.Work(rawValue: parts[0]), let number = Int(parts[1]) else {
                throw CommandError("WAYBILL_FAULT is like change:3, not '\(text)'")
            }
            let count = Count()
            return FaultPoint { work, point in
                guard work == deadly, count.next() == number else { return }
                FileHandle.standardError.write(Data("fault point \(text): \(point)\n".utf8))
                kill(getpid(), SIGKILL)
            }
        #else
            return .none
        #endif
    }

    #if DEBUG
        private final class Count: Sendable {
            private let value = Atomic(0)

            func next() -> Int { value.add(1, ordering: .relaxed).newValue }
        }
    #endif
}
