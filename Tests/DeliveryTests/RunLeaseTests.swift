import Delivery
import ProcessEngine
import Testing
import Values

struct RunLeaseTests {
    private let beating = TaskPolicy(version: "1.0", timeout: .seconds(3600), heartbeat: .seconds(30))
    private let silent = TaskPolicy(version: "1.0", timeout: .seconds(3600))
    private let id = leasedTask(1).attemptID

    @Test func `a run is believed in for three heartbeats, or for the timeout without them`() {
        let report = TaskReport(id, .started)

        #expect(
            LeaseMark(report, policy: beating, at: .start)?.change == .started(at: .start, until: .at(.seconds(90))))
        #expect(
            LeaseMark(report, policy: silent, at: .start)?.change == .started(at: .start, until: .at(.seconds(3600))))
    }

    @Test func `no sign of life carries a lease beyond the timeout`() {
        let report = TaskReport(id, .progress(0.9, message: nil))

        let mark = LeaseMark(report, policy: beating, at: .at(.seconds(3550)), startedAt: .start)

        #expect(mark?.change == .heartbeat(until: .at(.seconds(3600)), progress: 0.9, message: nil))
    }

    @Test func `what was released is due after its pause`() {
        let report = TaskReport(id, .released(pause: .seconds(4)))

        #expect(LeaseMark(report, policy: beating, at: .start)?.change == .released(dueAt: .at(.seconds(4))))
    }

    @Test func `results and events change no lease`() {
        let contents: [TaskReport.Content] = [
            .completed(output: .emptyObject), .failed(TaskFailure(message: "")), .error(BPMNError(code: "X")),
            .event(name: "e", payload: .null), .unroutable(message: ""),
        ]
        #expect(contents.allSatisfy { LeaseMark(TaskReport(id, $0), policy: beating, at: .start) == nil })
    }
}
