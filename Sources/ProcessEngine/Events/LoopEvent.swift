package import Values

/// The runs of an activity that is marked as multi-instance or as a loop. `scope` is the one its body opened.
package enum LoopEvent: Sendable, Hashable {
    /// How often it runs, nil if that is not known before; sequential runs keep what they run over.
    case started(scope: Int, count: Int?, items: [JSON])
    /// A run completed, the first is number 0; with what it adds to the output collection.
    case iterationEnded(scope: Int, iteration: Int, output: JSON?)
}
