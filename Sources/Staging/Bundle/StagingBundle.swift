package import Values

/// All of a revision in one file, to be staged where no network leads: a manifest, and each content once under its SHA-256. The same
/// revision makes the same bytes.
///
/// The manifest names every content by its hash, so that a signature of the manifest is one of everything.
package struct StagingBundle: Sendable {
    /// The revision it was made of, as the source says.
    package struct Origin: Sendable, Hashable {
        /// The id of the source's store.
        package var store: String
        package var revision: Int
        package var author: String
        package var message: String
        /// ISO 8601.
        package var at: String

        package init(store: String, revision: Int, author: String, message: String, at: String) {
            self.store = store
            self.revision = revision
            self.author = author
            self.message = message
            self.at = at
        }
    }

    /// Who vouches for the manifest: Ed25519, both hexadecimal.
    package struct Signature: Sendable, Hashable {
        package var publicKey: String
        package var signature: String

        package init(publicKey: String, signature: String) {
            self.publicKey = publicKey
            self.signature = signature
        }
    }

    package var origin: Origin
    package var artifacts: [Artifact]
    /// By hash.
    package var contents: [String: [UInt8]]
    package var signature: Signature?

    package init(origin: Origin, artifacts: [Artifact], contents: [String: [UInt8]], signature: Signature? = nil) {
        self.origin = origin
        self.artifacts = artifacts.sorted()
        self.contents = contents
        self.signature = signature
    }

    private static let manifestPath = "manifest.json"
    private static let signaturePath = "signature.json"
    private static let sumPath = "manifest.sha256"
    private static let contentFolder = "contents/"
    private static let format = 1

    /// What is signed.
    package var manifest: JSON {
        .object([
            ("format", .number(Self.format)),
            (
                "origin",
                .object([
                    ("store", .string(origin.store)), ("revision", .number(origin.revision)),
                    ("author", .string(origin.author)), ("message", .string(origin.message)),
                    ("at", .string(origin.at)),
                ])
            ),
            ("artifacts", .array(artifacts.map(\.json))),
        ])
    }

    /// - Parameter hash: SHA-256, hexadecimal.
    package func archive(hash: ([UInt8]) -> String) -> [UInt8] {
        let manifest = manifest.bytes
        var files = [
            TarArchive.File(path: Self.manifestPath, bytes: manifest),
            TarArchive.File(path: Self.sumPath, bytes: Array(hash(manifest).utf8)),
        ]
        if let signature {
            let json = JSON.object([
                ("algorithm", .string("Ed25519")), ("publicKey", .string(signature.publicKey)),
                ("signature", .string(signature.signature)),
            ])
            files.append(TarArchive.File(path: Self.signaturePath, bytes: json.bytes))
        }
        for hash in contents.keys.sorted() {
            files.append(TarArchive.File(path: Self.contentFolder + hash, bytes: contents[hash] ?? []))
        }
        return TarArchive.write(files)
    }

    /// Reads a bundle and checks every sum in it. A signature is read, not verified.
    ///
    /// - Parameter hash: SHA-256, hexadecimal.
    package init(
        _ archive: [UInt8], limits: TarArchive.Limits = TarArchive.Limits(), hash: ([UInt8]) -> String
    ) throws(BundleError) {
        var files = Dictionary(
            try TarArchive.read(archive, limits: limits).map { ($0.path, $0.bytes) }, uniquingKeysWith: { $1 })
        guard let manifest = files.removeValue(forKey: Self.manifestPath), let json = try? JSON(validating: manifest)
        else { throw BundleError("the bundle has no manifest") }
        guard let sum = files.removeValue(forKey: Self.sumPath), sum == Array(hash(manifest).utf8) else {
            throw BundleError("the manifest is not what its checksum says")
        }
        guard json["format"]?.intValue == Self.format else {
            throw BundleError("the bundle has a format that this program does not know")
        }
        guard let source = json["origin"], let store = source["store"]?.stringValue, !store.isEmpty,
            let revision = source["revision"]?.intValue, revision > 0, let list = json["artifacts"]?.elements()
        else { throw BundleError("the manifest of the bundle is not complete") }
        origin = Origin(
            store: store, revision: revision, author: source["author"]?.stringValue ?? "",
            message: source["message"]?.stringValue ?? "", at: source["at"]?.stringValue ?? "")
        artifacts = list.compactMap(Artifact.init)
        guard artifacts.count == list.count, artifacts == artifacts.sorted(),
            Set(artifacts.map { [$0.kind, $0.name, $0.version] }).count == artifacts.count
        else { throw BundleError("the manifest of the bundle lists something twice, or what is no artifact") }
        signature = try files.removeValue(forKey: Self.signaturePath).map(Self.signature)
        contents = [:]
        for (path, bytes) in files {
            let name = String(path.dropFirst(Self.contentFolder.utf8.count))
            guard path.hasPrefix(Self.contentFolder), hash(bytes) == name else {
                throw BundleError("\(path) is not what its checksum says")
            }
            contents[name] = bytes
        }
        let wanted = Set(artifacts.map(\.hash))
        guard wanted == Set(contents.keys) else {
            throw BundleError("the bundle's contents are not those of its manifest")
        }
        // Signed is the manifest as bytes: what was read must be what was written.
        guard self.manifest.bytes == manifest else { throw BundleError("the manifest is not in the form a bundle has") }
    }

    private static func signature(_ bytes: [UInt8]) throws(BundleError) -> Signature {
        guard let json = try? JSON(validating: bytes), json["algorithm"]?.stringValue == "Ed25519",
            let key = json["publicKey"]?.stringValue, let signature = json["signature"]?.stringValue
        else { throw BundleError("the signature of the bundle cannot be read") }
        return Signature(publicKey: key, signature: signature)
    }
}
