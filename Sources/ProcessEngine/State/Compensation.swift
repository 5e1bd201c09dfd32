/// A completed activity that can be undone.
package struct Compensation: Sendable, Hashable {
    package let number: Int
    /// Where the activity was.
    package let scope: Int
    package internal(set) var element: ElementID
    /// What undoes it; nil: what undoes the activities inside it.
    package internal(set) var handler: ElementID?
    /// Its own scope, kept with its variables for its handlers.
    package let retained: Int?

    package init(number: Int, scope: Int, element: ElementID, handler: ElementID?, retained: Int?) {
        self.number = number
        self.scope = scope
        self.element = element
        self.handler = handler
        self.retained = retained
    }
}
