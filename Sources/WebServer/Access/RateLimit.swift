import Synchronization
package import Values

/// How many requests a second a caller may make: so many at once, and as many again each second. Each key has its own count.
package final class RateLimit: Sendable {
    private struct Bucket {
        /// Requests that may come now, in thousandths.
        var left: Int64
        var at: Timestamp
    }

    /// More callers than an installation has keys; the names of tokens come from outside.
    private static let maxCallers = 10_000

    private let rate: Int64
    private let buckets = Mutex<[String: Bucket]>([:])

    /// - Parameter rate: requests a second, at least 1.
    package init(rate: Int) {
        self.rate = Int64(rate)
    }

    /// Nil if the request may be answered, else how long until one may come.
    package func wait(for caller: String, at now: Timestamp) -> Duration? {
        buckets.withLock { buckets in
            if buckets[caller] == nil, buckets.count >= Self.maxCallers { forget(&buckets, at: now) }
            let full = rate * 1000
            var bucket = buckets[caller] ?? Bucket(left: full, at: now)
            // A clock that went back takes nothing away.
            let passed = max(now.millisecondsSinceEpoch - bucket.at.millisecondsSinceEpoch, 0)
            bucket.left = passed >= 1000 ? full : min(full, bucket.left + passed * rate)
            bucket.at = now
            let missing = 1000 - bucket.left
            if missing <= 0 { bucket.left -= 1000 }
            buckets[caller] = bucket
            return missing <= 0 ? nil : .milliseconds((missing + rate - 1) / rate)
        }
    }

    /// Who made no request for a second has a full count again: he is as good as new.
    private func forget(_ buckets: inout [String: Bucket], at now: Timestamp) {
        buckets = buckets.filter {
            now.millisecondsSinceEpoch - $0.value.at.millisecondsSinceEpoch < 1000
        }
        if buckets.count >= Self.maxCallers { buckets.removeAll() }
    }
}
