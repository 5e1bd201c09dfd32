import Values

/// `camunda:asyncBefore` and `camunda:asyncAfter`: what came before is durable before anything goes on, and a failure
/// after it is an incident there, once the retries of its element are spent.
extension Step {
    /// Lets the activity wait for a step of its own, if its element says so. The runs of a loop do, not its body.
    mutating func stopsBefore(_ number: Int) -> Bool {
        let activity = activity(number)
        guard definition.savesBefore(activity.element), !passedSavePoints.contains(number) else { return false }
        reachSavePoint(number, isAfter: false)
        return true
    }

    mutating func stopsAfter(_ number: Int) -> Bool {
        let activity = activity(number)
        guard definition.savesAfter(activity.element), !passedSavePoints.contains(number) else { return false }
        reachSavePoint(number, isAfter: true)
        return true
    }

    private mutating func reachSavePoint(_ number: Int, isAfter: Bool) {
        // What could still interrupt it is over once its work is.
        if isAfter { closeTriggers(of: activity(number)) }
        waitAtSavePoint(number, isAfter: isAfter, until: surroundings.now, failures: 0, problem: nil)
    }

    private mutating func waitAtSavePoint(
        _ number: Int, isAfter: Bool, until due: Timestamp, failures: Int, problem: String?
    ) {
        let timer = instance.lastTimer + 1
        record(.timerScheduled(timer: timer, activity: number, element: activity(number).element, dueAt: due))
        record(
            .savePointReached(
                activity: number, timer: timer, isAfter: isAfter, failures: failures, problem: problem))
    }

    /// The timer of a save point is due.
    mutating func pass(_ savePoint: Activity.SavePoint, of number: Int) {
        guard let element = definition.element(activity(number).element) else { return }
        record(.timerFired(timer: savePoint.timer))
        passedSavePoints.insert(number)
        do throws(IncidentCause) {
            if savePoint.isAfter {
                try leave(number)
            } else {
                try begin(element, number)
            }
        } catch {
            fail(at: savePoint, of: number, error)
        }
        passedSavePoints.remove(number)
    }

    /// Tried again as its retry cycle says; then it is an incident.
    private mutating func fail(at savePoint: Activity.SavePoint, of number: Int, _ cause: IncidentCause) {
        let failures = savePoint.failures + 1
        guard let pause = definition.retryCycle(of: activity(number).element)?.pause(afterFailure: failures),
            let due = surroundings.now.adding(pause)
        else { return raiseIncident(cause, activity: number, task: nil) }
        waitAtSavePoint(
            number, isAfter: savePoint.isAfter, until: due, failures: failures, problem: cause.message)
    }
}
