import Values

/// `camunda:asyncBefore` and `camunda:asyncAfter`: what came before is durable before anything goes on, and a failure
/// after it is an incident there.
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
        let timer = instance.lastTimer + 1
        // What could still interrupt it is over once its work is.
        if isAfter { closeTriggers(of: activity(number)) }
        record(
            .timerScheduled(
                timer: timer, activity: number, element: activity(number).element, dueAt: surroundings.now))
        record(.savePointReached(activity: number, timer: timer, isAfter: isAfter))
    }

    /// The timer of a save point is due.
    mutating func pass(_ savePoint: Activity.SavePoint, of number: Int) {
        guard let element = definition.element(activity(number).element) else { return }
        record(.timerFired(timer: savePoint.timer))
        passedSavePoints.insert(number)
        attempt(number) { step throws(IncidentCause) in
            if savePoint.isAfter {
                try step.leave(number)
            } else {
                try step.begin(element, number)
            }
        }
        passedSavePoints.remove(number)
    }
}
