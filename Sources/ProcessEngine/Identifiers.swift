/// Names a process instance: a version 7 UUID in lower case, so that ids sort by start time.
package struct InstanceID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (left: InstanceID, right: InstanceID) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// Names an external task everywhere outside its instance: `<instance id>.<number>`.
package struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let instance: InstanceID
    package let number: Int

    package init(instance: InstanceID, number: Int) {
        self.instance = instance
        self.number = number
    }

    /// Reads `<instance id>.<number>`; nil if the text has another form.
    package init?(_ text: String) {
        guard let dot = text.lastIndex(of: "."), let number = Int(text[text.index(after: dot)...]), number > 0,
            dot > text.startIndex, text.utf8.count <= 128
        else { return nil }
        self.init(instance: InstanceID(String(text[..<dot])), number: number)
    }

    package static func < (left: TaskID, right: TaskID) -> Bool {
        (left.instance.text, left.number) < (right.instance.text, right.number)
    }
    package var description: String { "\(instance.text).\(number)" }
}

/// The id of a BPMN element, as in the file.
package struct ElementID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (left: ElementID, right: ElementID) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A task contract and its major version: what a service task asks for, and what a queue carries.
package struct ContractKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let name: String
    package let major: Int

    package init(name: String, major: Int) {
        self.name = name
        self.major = major
    }

    package static func < (left: ContractKey, right: ContractKey) -> Bool {
        (left.name, left.major) < (right.name, right.major)
    }
    /// `media.transcode@2`.
    package var description: String { "\(name)@\(major)" }

    /// Reads `name@major`; nil for anything else.
    package init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), let major = Int(text[text.index(after: at)...]), major >= 0,
            at > text.startIndex
        else { return nil }
        self.init(name: String(text[..<at]), major: major)
    }
}

/// A deployed version of a process: the BPMN process id and the number the engine gave to the deployment, from 1.
package struct DefinitionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let process: String
    package let version: Int

    package init(process: String, version: Int) {
        self.process = process
        self.version = version
    }

    package static func < (left: DefinitionID, right: DefinitionID) -> Bool {
        (left.process, left.version) < (right.process, right.version)
    }
    /// `ingest:3`.
    package var description: String { "\(process):\(version)" }

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let version = Int(text[text.index(after: colon)...]),
            colon > text.startIndex
        else { return nil }
        self.init(process: String(text[..<colon]), version: version)
    }
}
