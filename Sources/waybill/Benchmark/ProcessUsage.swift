import Foundation

/// What the kernel says about processes, read from `/proc`.
package enum ProcessUsage {
    /// CPU time that a process has used, its threads included, in clock ticks.
    package struct Ticks: Sendable, Hashable {
        /// Of the process itself.
        package var own: Int
        /// Of its children that have ended and been waited for.
        package var children: Int
        package var parent: Int32
    }

    /// Reads the text of `/proc/PID/stat`. The second field, the program's name, may hold spaces and parentheses.
    package static func ticks(stat text: String) -> Ticks? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map { Int($0) }
        // Counted from the state, which is field 3 of proc(5): 4 is ppid, 14 to 17 are utime, stime, cutime, cstime.
        guard fields.count > 14, let parent = fields[1], let user = fields[11], let system = fields[12],
            let childUser = fields[13], let childSystem = fields[14]
        else { return nil }
        return Ticks(own: user + system, children: childUser + childSystem, parent: Int32(truncatingIfNeeded: parent))
    }

    /// Reads a size of the text of `/proc/PID/status`, such as `VmRSS`, in bytes.
    package static func size(_ name: String, status text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
                .map { $0 * 1024 }
        }
        return nil
    }

    /// The inodes of the sockets that listen on a port, from the text of `/proc/net/tcp` or `/proc/net/tcp6`.
    package static func listeners(port: Int, tcp text: String) -> Set<String> {
        var inodes: Set<String> = []
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { continue }
            inodes.insert(String(fields[9]))
        }
        return inodes
    }

    /// The type of the file system that a path is on, from the text of `/proc/self/mounts`; of two on one place the later counts.
    package static func fileSystem(of path: String, mounts text: String) -> String? {
        var found: (length: Int, type: String)?
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            // The kernel writes a space as \040.
            let place = fields[1].replacing("\\040", with: " ")
            let isAbove = place == "/" || path == place || path.hasPrefix(place + "/")
            if isAbove, place.count >= found?.length ?? 0 { found = (place.count, String(fields[2])) }
        }
        return found?.type
    }

    /// The type of the file system that a path is on; nil if the kernel does not tell.
    static func fileSystem(of path: String) -> String? {
        read("/proc/self/mounts").flatMap {
            fileSystem(of: URL(fileURLWithPath: path).resolvingSymlinksInPath().path, mounts: $0)
        }
    }

    /// CPU seconds of a process; nil if there is none.
    static func seconds(of process: pid_t) -> Double? {
        stat(of: process).map { Double($0.own) / ticksPerSecond }
    }

    /// CPU seconds of a process and all its children, the ended ones too.
    static func secondsWithChildren(of process: pid_t) -> Double? {
        guard let own = stat(of: process) else { return nil }
        let living = processes.compactMap { stat(of: $0) }.filter { $0.parent == process }
        return Double(living.reduce(own.own + own.children) { $0 + $1.own }) / ticksPerSecond
    }

    static func residentBytes(of process: pid_t) -> Int? {
        read("/proc/\(process)/status").flatMap { size("VmRSS", status: $0) }
    }

    /// The process on this machine that listens on a TCP port; nil if there is none or it is not ours to look into.
    static func listener(port: Int) -> pid_t? {
        let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].reduce(into: Set<String>()) { inodes, file in
            inodes.formUnion(listeners(port: port, tcp: read(file) ?? ""))
        }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        guard !wanted.isEmpty else { return nil }
        return processes.first { process in
            let folder = "/proc/\(process)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { name in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")).map(wanted.contains)
                    ?? false
            }
        }
    }

    /// The load of the last minute.
    static var loadAverage: Double? {
        read("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
    }

    private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

    private static var processes: [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }.sorted()
    }

    private static func stat(of process: pid_t) -> Ticks? {
        read("/proc/\(process)/stat").flatMap { ticks(stat: $0) }
    }

    /// Files of `/proc` have no size, and a line of them may come in pieces.
    private static func read(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))
    }
}
