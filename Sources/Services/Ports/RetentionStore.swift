package import ProcessEngine
package import Values

/// Removes what has been over for long enough. An instance is over once the index shows its end; a running one is never touched.
/// All methods throw `StoreError`.
package protocol RetentionStore: Sendable {
    /// Instances of a definition that ended at `time` or before, the earliest first.
    func ended(_ definition: DefinitionID, by time: Timestamp, limit: Int) async throws -> [InstanceID]

    /// Removes all that is kept of instances, in the order given, in one transaction that removes about `rows` rows of journal and
    /// tasks: an instance that has more of them loses the oldest, and the next call goes on with it. It is in the index until nothing
    /// else is left of it. Those that are not over are left alone.
    func remove(_ instances: [InstanceID], rows: Int) async throws -> Removal
}

package struct Removal: Sendable, Hashable {
    /// How many instances are gone.
    package var instances: Int
    /// Rows of the journal and of tasks in the index.
    package var rows: Int

    package init(instances: Int = 0, rows: Int = 0) {
        self.instances = instances
        self.rows = rows
    }
}

/// What of several instances one transaction removes.
package struct RemovalPlan: Sendable {
    /// Completely.
    package private(set) var whole: [InstanceID] = []
    /// So many rows of one that is too large.
    package private(set) var part: (instance: InstanceID, rows: Int)?
    package private(set) var rows = 0

    /// `found`: instances that are over, with the number of their rows, counted no further than the limit.
    package init(_ found: [(instance: InstanceID, rows: Int)], limit: Int) {
        for (instance, count) in found {
            if rows + count <= limit {
                whole.append(instance)
                rows += count
            } else if whole.isEmpty {
                part = (instance, limit)
                rows = limit
                return
            } else {
                return
            }
        }
    }
}
