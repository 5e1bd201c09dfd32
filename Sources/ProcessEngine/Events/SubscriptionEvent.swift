/// An instance waits for a message, a signal or a condition. The store indexes what is open by kind, name and key.
package enum SubscriptionEvent: Sendable, Hashable {
    case opened(Subscription)
    /// What it waits for came. A subscription that waits once is closed besides.
    case triggered(subscription: Int)
    case closed(subscription: Int)
}
