@preconcurrency import Glibc

/// What commands print goes through a buffer, and `print` says nothing of what it loses: whoever reads the exit status must.
enum StandardOutput {
    /// Closed standard files are opened on nothing, so that no socket gets their number and no line goes into it.
    static func prepare() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is this one. Writing to it fails, which is told.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Brings all out that was printed; what went wrong, if anything did.
    static func problem() -> String? {
        // A reader that went away has seen what it wanted.
        if hasNoReader { return nil }
        if fflush(nil) != 0 { return "the output could not be written: \(InputFile.Reason(errno: errno))" }
        return ferror(stdout) == 0 ? nil : "not all of the output could be written"
    }

    private static var hasNoReader: Bool {
        var state = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLERR) != 0
    }
}
