/// Seals and opens secrets; the cryptography is given by the wiring.
package struct SecretBox: Sendable {
    /// The id of the key that seals; nil: there is no key, and no secret can be kept.
    package var currentKey: String?
    /// Seals bytes with the current key, bound to a name: opened under another name they are worth nothing.
    package var seal: @Sendable (_ plain: [UInt8], _ name: String) throws -> [UInt8]
    /// Opens what was sealed with a key; nil if the key is not known, or the bytes are not what it sealed under that name.
    package var open: @Sendable (_ sealed: [UInt8], _ key: String, _ name: String) -> [UInt8]?

    package init(
        currentKey: String?, seal: @escaping @Sendable ([UInt8], String) throws -> [UInt8],
        open: @escaping @Sendable ([UInt8], String, String) -> [UInt8]?
    ) {
        self.currentKey = currentKey
        self.seal = seal
        self.open = open
    }

    /// No key is known.
    package static let none = SecretBox(currentKey: nil, seal: { bytes, _ in bytes }, open: { _, _, _ in nil })
}
