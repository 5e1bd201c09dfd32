/// What a file may cost before it is refused. The limits are far above any model that people draw.
package struct XMLLimits: Sendable, Hashable {
    package var maxBytes = 4 * 1024 * 1024
    package var maxDepth = 256
    package var maxElements = 100_000
    /// Of one element, namespace declarations included.
    package var maxAttributes = 256
    /// Directly inside one element.
    package var maxTextBytes = 1024 * 1024

    package init() {}

    package static let standard = XMLLimits()
}
