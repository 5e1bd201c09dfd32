import CRabbitMQ
import Glibc
import Synchronization

/// Where other threads put commands for one thread that sleeps in `poll`: a list and a descriptor that wakes it.
final class Mailbox<Command: Sendable>: Sendable {
    private let commands = Mutex<[Command]>([])
    /// An eventfd: readable while commands wait. -1 if the process has no descriptors left; then the thread's own poll
    /// timeout is the wake-up.
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func post(_ command: Command) {
        // One wake-up for all that come before the thread looks.
        let wasEmpty = commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        if wasEmpty { wake() }
    }

    /// All commands since the last call, in order.
    func take() -> [Command] {
        var count: UInt64 = 0
        // Before the list is emptied: what is posted in between wakes the thread once too often, never too seldom.
        if descriptor >= 0 { _ = read(descriptor, &count, 8) }
        return commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }

    private func wake() {
        var one: UInt64 = 1
        if descriptor >= 0 { _ = write(descriptor, &one, 8) }
    }
}

/// Starts a thread of its own for blocking calls. If the system has no thread left, says so.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        return false
    }
    pthread_detach(thread)
    return true
}
