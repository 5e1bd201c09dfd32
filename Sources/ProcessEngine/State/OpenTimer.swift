package import Values

/// A timer that has not fired. `element` is the timer event: `activity`'s own, or a boundary event on it.
package struct OpenTimer: Sendable, Hashable {
    package let number: Int
    package let activity: Int
    package internal(set) var element: ElementID
    package let dueAt: Timestamp
}
