/// What a reader of JSON accepts from a peer.
package struct JSONLimits: Sendable, Hashable {
    package var maxBytes: Int
    /// How deeply arrays and objects may nest. Values are compared, hashed and released recursively: keep it modest.
    package var maxDepth: Int
    package var duplicateKeys: DuplicateKeys

    /// What to do with an object that has one name twice.
    package enum DuplicateKeys: Sendable, Hashable {
        /// Two readers could disagree about which one counts, so neither does.
        case refuse
        /// Keep the last one and drop the others from the text.
        case lastWins
    }

    package init(maxBytes: Int = 64 << 20, maxDepth: Int = 512, duplicateKeys: DuplicateKeys = .refuse) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.duplicateKeys = duplicateKeys
    }

    /// For what comes from peers: 64 MiB, 512 levels, no duplicate names.
    package static let standard = JSONLimits()
}
