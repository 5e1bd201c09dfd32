package import OrderedCollections

// Swift takes texts for equal that look alike: one character, or a letter and an accent. JSON, and FEEL, take them for two.

extension String {
    /// Whether it has the same characters, written in the same way.
    package func isExactly(_ other: String) -> Bool {
        self == other && utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

extension OrderedDictionary<String, Value> {
    /// The member of exactly this name.
    package func member(_ name: String) -> Value? {
        guard let index = index(forKey: name), keys[index].isExactly(name) else { return nil }
        return values[index]
    }
}
