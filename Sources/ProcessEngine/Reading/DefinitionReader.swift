import Expressions
import Values

/// Reads one process and collects everything that is wrong with it.
package struct DefinitionReader {
    let file: String
    private(set) var diagnostics: [Diagnostic] = []
    let declarations: Declarations
    private let expressionLanguage: String

    /// In the order of the file; nil where an element could not be made.
    private var nodes: [ProcessDefinition.Node?] = []
    private var flowNodes: [(node: SourceNode, parent: ElementID?)] = []
    /// Every element with an id, the ones that could not be made included, so that references to those are not reported
    /// too.
    private var seen: Set<ElementID> = []
    private var namelessFlows: Set<ElementID> = []
    /// Those with a start event of any kind.
    private var scopesWithStart: Set<ElementID?> = []
    /// From compensation boundary events to what undoes their activities, and other ends.
    private var associations: [(source: ElementID, target: ElementID)] = []

    private(set) var correlationSubscriptions: [SourceNode] = []
    /// Of timers that say no other; nil: UTC.
    private(set) var processTimeZone: String?

    /// Whether an expression reads `execution` or the like.
    private var usesHostObjects = false

    init(file: String, root: SourceNode) {
        self.file = file
        self.declarations = Declarations(of: root)
        self.expressionLanguage = root.attribute("expressionLanguage") ?? ""
    }

    // MARK: The process

    mutating func readProcess(_ node: SourceNode) -> ProcessDefinition? {
        guard let id = node.attribute("id"), !id.isEmpty else {
            report("missing-id", node, element: nil, "the process has no id", "give it one")
            return nil
        }
        checkExtensions(of: node, element: ElementID(id))
        processTimeZone = timeZone(of: node, element: nil)
        correlationSubscriptions = node.children(named: "correlationSubscription", namespace: BPMN.namespace)
        checkCorrelation()
        readContents(of: node, in: nil)
        let made = nodes.compactMap { $0 }
        var flows: [SequenceFlow] = []
        let defaults = defaultFlows
        var parents: [ElementID: ElementID?] = [:]
        for node in made.reversed() { parents.updateValue(node.parent, forKey: node.element.id) }
        for (flow, parent) in flowNodes {
            if let flow = readFlow(flow, in: parent, parents: parents, defaults: defaults) { flows.append(flow) }
        }
        let tag =
            node.attribute("versionTag", namespace: BPMN.camunda)
            ?? node.extensions(named: "versionTag", namespace: BPMN.zeebe).first?.attribute("value")
        let head = ProcessHead(
            id: id, name: node.attribute("name"), versionTag: tag, file: file, position: node.position,
            timeToLive: timeToLive(of: node),
            uncaughtErrors: uncaughtErrors(of: node),
            listeners: ListenerReader.read(node, element: ElementID(id), reader: &self),
            usesHostObjects: usesHostObjects)
        let draft = ProcessDefinition(
            process: head, nodes: made, flows: flows, associations: associations, warnings: [])
        diagnostics += DefinitionCheck(
            draft, nodes: made, seen: seen, scopesWithStart: scopesWithStart, file: file, defaults: defaults
        )
        .run()
        let warnings = diagnostics.filter { $0.severity == .warning }
        return ProcessDefinition(
            process: head, nodes: made, flows: flows, associations: associations, warnings: warnings.inFileOrder)
    }

    /// Reads the elements and flows inside a process or subprocess.
    mutating func readContents(of container: SourceNode, in parent: ElementID?) {
        let outer = isInEventSubprocess
        isInEventSubprocess = container.attribute("triggeredByEvent") == "true"
        defer { isInEventSubprocess = outer }
        for child in container.children where child.namespace == BPMN.namespace {
            if child.name == "sequenceFlow" {
                flowNodes.append((child, parent))
            } else if child.name == "association" {
                guard let source = child.attribute("sourceRef"), let target = child.attribute("targetRef") else {
                    continue
                }
                associations.append((ElementID(source), ElementID(target)))
            } else if !BPMN.descriptive.contains(child.name) && !BPMN.markers.contains(child.name) {
                readElement(child, in: parent)
            }
        }
    }

    /// Whether what is read now stands directly in an event subprocess.
    private(set) var isInEventSubprocess = false

    private mutating func readElement(_ node: SourceNode, in parent: ElementID?) {
        guard let id = id(of: node) else {
            return report("missing-id", node, element: nil, "<\(node.name)> has no id", "give it one")
        }
        seen.insert(id)
        if node.name == StartEvent.tag { scopesWithStart.insert(parent) }
        guard let kind = kind(of: node, id: id) else { return }
        let slot = nodes.count
        nodes.append(nil)
        checkChildren(of: node, element: id, isContainer: kind is any ScopeElement.Type)
        checkExtensions(of: node, element: id)
        let loop = kind.isActivity ? LoopReader.read(node, element: id, reader: &self) : nil
        guard let element = kind.init(node, id: id, reader: &self) else { return }
        var made = ProcessDefinition.Node(
            element: element, name: node.attribute("name"), parent: parent, position: node.position)
        made.loop = loop
        for name in ["asyncBefore", "async"] where node.attribute(name, namespace: BPMN.camunda) == "true" {
            made.savesBefore = true
        }
        made.savesAfter = node.attribute("asyncAfter", namespace: BPMN.camunda) == "true"
        made.retries = RetryCycle(node, element: id, reader: &self)
        made.listeners = ListenerReader.read(node, element: id, reader: &self)
        made.isForCompensation = node.attribute("isForCompensation") == "true"
        made.mapsWhenCanceled = !node.extensions(named: "inputOutput", namespace: BPMN.camunda).isEmpty
        if !(element is ServiceTask) && !(element is any ScopeElement) {
            let mappings = MappingReader.read(node, element: id, reader: &self)
            if !mappings.inputs.isEmpty || !mappings.outputs.isEmpty { made.mappings = mappings }
        }
        nodes[slot] = made
        defaultReferences.append((id, node))
    }

    /// Only an event subprocess can do without: nothing refers to it. It is then named after its place.
    private func id(of node: SourceNode) -> ElementID? {
        if let text = node.attribute("id"), !text.isEmpty { return ElementID(text) }
        guard node.attribute("triggeredByEvent") == "true" else { return nil }
        return ElementID("\(node.name)@\(node.position.line):\(node.position.column)")
    }

    private mutating func kind(of node: SourceNode, id: ElementID) -> (any FlowElement.Type)? {
        let definitions = eventDefinitions(of: node)
        if let kind = ElementCatalog.kind(of: node, eventDefinitions: definitions.map(\.name)) { return kind }
        if let definition = definitions.first, ElementCatalog.knows(tag: node.name) {
            let others = definitions.dropFirst().map { " and <\($0.name)>" }.joined()
            reportUnsupported(
                definition, element: id, "<\(node.name)> with <\(definition.name)>\(others)",
                others.isEmpty ? "use another event" : "give each of these an event of its own")
        } else {
            reportUnsupported(node, element: id, "<\(node.name)>")
        }
        return nil
    }

    private mutating func checkChildren(of node: SourceNode, element: ElementID, isContainer: Bool) {
        for child in node.children where child.namespace == BPMN.namespace {
            if BPMN.markers.contains(child.name) || BPMN.descriptive.contains(child.name) { continue }
            if !isContainer && !BPMN.isEventDefinition(child.name) {
                reportUnsupported(child, element: element, "<\(child.name)> inside <\(node.name)>")
            }
        }
    }

    /// What is inside an event, or referred to from there.
    func eventDefinitions(of node: SourceNode) -> [SourceNode] {
        node.children.filter { $0.namespace == BPMN.namespace && BPMN.isEventDefinition($0.name) }.map { child in
            guard child.name == "eventDefinitionRef" else { return child }
            return declarations.eventDefinitions[Declarations.local(child.text.trimmed)] ?? child
        }
    }

    mutating func checkExtensions(of node: SourceNode, element: ElementID) {
        for child in ExtensionRules.unsupported(in: node) {
            if child.name == "connector" {
                reportHostCode(child, element: element, "a <camunda:connector>", "let an agent do it")
                continue
            }
            report(
                "unsupported-extension", child, element: element,
                "the extension <\(child.name)> (\(child.namespace)) is not supported on <\(node.name)>", "remove it")
        }
    }

    // MARK: Flows

    /// Elements with a `default` attribute, looked at once all flows are known.
    private var defaultReferences: [(id: ElementID, node: SourceNode)] = []

    private var defaultFlows: [ElementID: (flow: ElementID, position: SourcePosition)] {
        var defaults: [ElementID: (flow: ElementID, position: SourcePosition)] = [:]
        for (id, node) in defaultReferences {
            if let flow = node.attribute("default"), !flow.isEmpty { defaults[id] = (ElementID(flow), node.position) }
        }
        return defaults
    }

    private mutating func readFlow(
        _ node: SourceNode, in parent: ElementID?, parents: [ElementID: ElementID?],
        defaults: [ElementID: (flow: ElementID, position: SourcePosition)]
    ) -> SequenceFlow? {
        let id = flowID(node)
        checkExtensions(of: node, element: id)
        let source = reference("sourceRef", of: node, element: id)
        let target = reference("targetRef", of: node, element: id)
        var isSound = true
        for (name, end) in [("sourceRef", source), ("targetRef", target)] {
            guard let end else { continue }
            guard seen.contains(end) else {
                report(
                    "dangling-reference", node, element: id,
                    "\(name) of flow \(id) is \"\(end)\", which is no element of the process",
                    "connect the flow or remove it")
                isSound = false
                continue
            }
            if let found = parents[end], found != parent {
                report(
                    "flow-crosses-scope", node, element: id,
                    "flow \(id) leads across the border of a subprocess at \"\(end)\"",
                    "connect only elements of the same process or subprocess")
                isSound = false
            }
        }
        var condition: Expression?
        if let conditionNode = node.firstChild(named: "conditionExpression", namespace: BPMN.namespace) {
            // One that cannot be read is reported; it stands in, so that it is not reported as missing too.
            condition = conditionExpression(conditionNode, element: id) ?? .constant(.bool(true))
        }
        guard let source, let target, isSound else { return nil }
        let isDefault = defaults[source]?.flow == id
        if isDefault && condition != nil {
            warn(
                "default-with-condition", node, element: id, "the condition of a default flow is never looked at",
                "remove it")
        }
        return SequenceFlow(
            id: id, source: source, target: target, condition: isDefault ? nil : condition, isDefault: isDefault,
            position: node.position, listeners: ListenerReader.read(node, element: id, reader: &self))
    }

    /// BPMN does not require a flow to have an id: one without gets `source->target`, and a number if that is taken.
    private mutating func flowID(_ node: SourceNode) -> ElementID {
        if let text = node.attribute("id"), !text.isEmpty { return ElementID(text) }
        let ends = "\(node.attribute("sourceRef") ?? "")->\(node.attribute("targetRef") ?? "")"
        var id = ElementID(ends)
        var number = 2
        while !namelessFlows.insert(id).inserted {
            id = ElementID("\(ends)#\(number)")
            number += 1
        }
        return id
    }

    // MARK: References and expressions

    /// The id in a required attribute.
    mutating func reference(_ attribute: String, of node: SourceNode, element: ElementID) -> ElementID? {
        guard let value = node.attribute(attribute), !value.isEmpty else {
            report(
                "missing-reference", node, element: element, "<\(node.name)> has no \(attribute)",
                "connect it in the modeler")
            return nil
        }
        return ElementID(value)
    }

    /// The error that an event definition refers to; nil if it refers to none (it catches all). Only who throws may say its code
    /// by an expression.
    mutating func error(
        of definition: SourceNode, in element: ElementID, isThrown: Bool = false
    ) -> Declarations.ErrorCode? {
        guard let reference = definition.attribute("errorRef"), !reference.isEmpty else { return nil }
        guard let declared = declarations.errors[Declarations.local(reference)] else {
            warn(
                "undeclared-error", definition, element: element,
                "there is no <bpmn:error id=\"\(reference)\">: its id is taken as the error code", "declare the error")
            return Declarations.ErrorCode(code: reference, message: nil)
        }
        if let code = declared.code { checkCode(code, definition, of: element, "an error", isThrown: isThrown) }
        return declared
    }

    /// The message that a task or an event definition refers to; nil if it refers to none.
    mutating func message(
        of node: SourceNode, in element: ElementID, isThrown: Bool = false
    ) -> (name: Expression, correlationKey: CorrelationKey?)? {
        guard let reference = node.attribute("messageRef"), !reference.isEmpty else { return nil }
        let declared = declarations.messages[Declarations.local(reference)]
        if declared == nil {
            warn(
                "undeclared-message", node, element: element,
                "there is no <bpmn:message id=\"\(reference)\">: its id is taken as the message's name",
                "declare the message")
        }
        let text = declared?.attribute("name").flatMap { $0.isEmpty ? nil : $0 } ?? reference
        guard let name = valueExpression(text, node: declared ?? node, element: element) else { return nil }
        let key = declared?.extensions(named: "subscription", namespace: BPMN.zeebe).first?
            .attribute("correlationKey")
        guard let key else {
            let id = Declarations.local(reference)
            return (name, correlationKey(ofMessage: id, isThrown: isThrown, element: element))
        }
        let expression = valueExpression(key, node: declared ?? node, element: element)
        return (name, expression.map { CorrelationKey(expression: $0, isOptional: declarations.usesCamunda) })
    }

    /// The name of the signal that an event definition refers to.
    mutating func signalName(of definition: SourceNode, in element: ElementID) -> Expression? {
        guard let reference = definition.attribute("signalRef"), !reference.isEmpty else {
            report("missing-reference", definition, element: element, "the event names no signal", "set signalRef")
            return nil
        }
        let declared = declarations.signals[Declarations.local(reference)]
        if declared == nil {
            warn(
                "undeclared-signal", definition, element: element,
                "there is no <bpmn:signal id=\"\(reference)\">: its id is taken as the signal's name",
                "declare the signal")
        }
        let name = declared?.attribute("name").flatMap { $0.isEmpty ? nil : $0 } ?? reference
        return valueExpression(name, node: definition, element: element)
    }

    /// The code of the escalation that an event definition refers to; nil if it refers to none, or to one without a code. Only who
    /// throws may say it by an expression.
    mutating func escalationCode(
        of definition: SourceNode, in element: ElementID, isThrown: Bool = false
    ) -> String? {
        guard let reference = definition.attribute("escalationRef"), !reference.isEmpty else { return nil }
        guard let declared = declarations.escalations[Declarations.local(reference)] else {
            warn(
                "undeclared-escalation", definition, element: element,
                "there is no <bpmn:escalation id=\"\(reference)\">: its id is taken as the code",
                "declare the escalation")
            return reference
        }
        guard let code = declared.attribute("escalationCode"), !code.isEmpty else { return nil }
        checkCode(code, definition, of: element, "an escalation", isThrown: isThrown)
        return code
    }

    /// A condition; one that cannot be read is reported.
    mutating func condition(_ node: SourceNode, element: ElementID) -> Expression? {
        conditionExpression(node, element: element)
    }

    /// FEEL after `=`, JUEL in `${…}`, else a constant text.
    ///
    /// `mayChange`: whoever evaluates it carries out the changes that it asks for.
    mutating func valueExpression(
        _ text: String, node: SourceNode, element: ElementID, mayChange: Bool = false
    ) -> Expression? {
        if reportsHostAccess(text, node, element: element) { return nil }
        do {
            let expression = text.first == "=" ? try Expression.parseZeebe(text) : try Expression.parseCamunda(text)
            return checkedHostCalls(of: expression, node, element: element, mayChange: mayChange)
        } catch {
            reportExpression(error, node, element: element)
            return nil
        }
    }

    /// FEEL if the text starts with `=` or the language says so; JUEL in `${…}`.
    private mutating func conditionExpression(_ node: SourceNode, element: ElementID) -> Expression? {
        let text = node.text.trimmed
        let ownLanguage = node.attribute("language")?.lowercased()
        let language = ownLanguage ?? expressionLanguage.lowercased()
        do {
            if text.first == "=" { return try Expression.parse(String(text.dropFirst()), as: .feel) }
            if let ownLanguage, !ownLanguage.contains("feel"), !ownLanguage.hasSuffix("uel") {
                // The language of a standard is named by its address; a script's by its name.
                if ownLanguage.contains(":") {
                    reportUnsupported(node, element: element, "a condition in \(ownLanguage)")
                } else {
                    reportHostCode(node, element: element, "a condition in \(ownLanguage)", "write it in FEEL")
                }
                return nil
            }
            if text.contains("${") || text.contains("#{") {
                return checkedHostCalls(of: try Expression.parse(text, as: .juel), node, element: element)
            }
            if language.contains("feel") { return try Expression.parse(text, as: .feel) }
            if text == "true" || text == "false" { return .constant(.bool(text == "true")) }
            report(
                "invalid-condition", node, element: element,
                text.isEmpty ? "the condition is empty" : "the condition \"\(text)\" is neither FEEL nor JUEL",
                "begin it with = (FEEL) or write it as ${…} (JUEL)")
        } catch {
            reportExpression(error, node, element: element)
        }
        return nil
    }

    /// Reports an expression that reaches for the host engine's own services.
    mutating func reportsHostAccess(_ text: String, _ node: SourceNode, element: ElementID) -> Bool {
        guard text.contains("${") || text.contains("#{"), text.contains("processEngineServices") else { return false }
        report(
            "host-language", node, element: element,
            "the expression uses the services of a Java engine, which is not supported",
            "pass what it needs as variables")
        return true
    }

    /// The expression, unless it calls a method of `execution` or `task` that there is not, or that changes something where
    /// nothing may change.
    mutating func checkedHostCalls(
        of expression: Expression, _ node: SourceNode, element: ElementID, mayChange: Bool = false
    ) -> Expression? {
        if expression.readsHostObjects { usesHostObjects = true }
        for call in expression.hostCalls where !call.isKnown || call.isChange && !mayChange {
            report(
                "host-language", node, element: element,
                call.isKnown
                    ? "\(call) changes something, which an expression can only do in a listener or as the work of a task"
                    : "\(call) is no method that is supported",
                call.isKnown ? "move it to a listener" : "pass what it gives as a variable")
            return nil
        }
        return expression
    }

    mutating func reportExpression(_ error: ExpressionError, _ node: SourceNode, element: ElementID) {
        report("invalid-expression", node, element: element, "the expression cannot be read: \(error)", "correct it")
    }

    // MARK: Findings

    mutating func report(
        _ code: String, _ node: SourceNode, element: ElementID?, _ message: String, _ suggestion: String
    ) {
        diagnostics.append(
            Diagnostic(
                code: code, file: file, position: node.position, element: element?.text, message: message,
                suggestion: suggestion))
    }

    /// What only an engine in Java, or one that runs scripts, could do.
    mutating func reportHostCode(_ node: SourceNode, element: ElementID, _ what: String, _ suggestion: String) {
        report(
            "host-language", node, element: element, "\(what) runs code inside the engine, which is not supported",
            suggestion)
    }

    /// A script that is an expression; other languages are refused, since they would run the host's code.
    mutating func scriptExpression(
        in format: String, _ text: String, _ node: SourceNode, element: ElementID
    ) -> Expression? {
        let language: ExpressionLanguage
        switch format.lowercased() {
        case "feel": language = .feel
        case "juel": language = .juel
        default:
            report(
                "host-language", node, element: element,
                "a script in \"\(format)\" would run inside the engine, which is not supported",
                "write it in FEEL (scriptFormat=\"feel\"), or let an agent do it")
            return nil
        }
        do {
            return checkedHostCalls(of: try Expression.parse(text, as: language), node, element: element)
        } catch {
            reportExpression(error, node, element: element)
            return nil
        }
    }

    mutating func reportUnsupported(
        _ node: SourceNode, element: ElementID, _ what: String, _ suggestion: String = "use another element"
    ) {
        report("unsupported-element", node, element: element, "\(what) is not supported", suggestion)
    }

    mutating func warn(_ code: String, _ node: SourceNode, element: ElementID?, _ message: String, _ suggestion: String)
    {
        diagnostics.append(
            Diagnostic(
                severity: .warning, code: code, file: file, position: node.position, element: element?.text,
                message: message,
                suggestion: suggestion))
    }

    /// Ids that more than one BPMN element of the file has.
    static func duplicateIDs(in root: SourceNode, file: String) -> [Diagnostic] {
        var first: [String: SourcePosition] = [:]
        var problems: [Diagnostic] = []
        var rest = [root]
        while let node = rest.popLast() {
            rest.append(contentsOf: node.children.reversed())
            guard node.namespace == BPMN.namespace, let id = node.attribute("id"), !id.isEmpty else { continue }
            if let other = first[id] {
                problems.append(
                    Diagnostic(
                        code: "duplicate-id", file: file, position: node.position, element: id,
                        message: "the id \"\(id)\" is used already in line \(other.line)",
                        suggestion: "give each element its own id"))
            } else {
                first[id] = node.position
            }
        }
        return problems
    }
}
