/// What can be undone, and what is being undone.
package enum CompensationEvent: Sendable, Hashable {
    /// An activity completed that can be compensated.
    case kept(Compensation)
    /// It is used up: what undoes it begins.
    case begun(compensation: Int, scope: Int)
    /// The activity undoes something for the event `thrower`, which waits for it.
    case handling(activity: Int, thrower: Int)
}
