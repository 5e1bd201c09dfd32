import Expressions
import OrderedCollections
import ProcessEngine
import Values

/// Whether what expressions read is there: facts about variables, carried along all paths to every expression.
///
/// An instance that may begin with anything, because no workflow contract is known, has every variable.
struct DataFlowCheck {
    private let subject: CheckSubject
    private let graph: DataGraph
    private var reads: [(read: VariableRead, names: [String])] = []
    private var findings: [Diagnostic] = []
    private var reported: Set<[String]> = []
    /// By name, the elements that define it, in the order of the file.
    private var definers: [String: OrderedSet<ElementID>] = [:]
    /// By name, the elements that give it to their output mappings, which map other things.
    private var unmapped: [String: OrderedSet<ElementID>] = [:]
    /// Whoever asks for a variable anywhere knows that it may be missing.
    private var tested: Set<String> = []
    /// What reads may see that came from outside, and so is of any type.
    private var outside: Set<[String]> = []
    private var definition: ProcessDefinition { subject.definition }

    init(_ subject: CheckSubject) {
        self.subject = subject
        graph = DataGraph(subject)
    }

    consuming func run() -> [Diagnostic] {
        for element in definition.elements {
            for read in ElementReads.of(element, in: definition) {
                tested.formUnion(read.expression.variablesTestedForAbsence)
                reads.append((read, read.expression.variablesRead.filter { !Self.alwaysThere.contains($0) }))
            }
        }
        if subject.workflow != nil { followVariables() }
        findings += TypeCheck(subject, outside: outside).findings(reads.map(\.read))
        return findings
    }

    /// What the engine itself answers, or takes for "not yet".
    private static let alwaysThere: Set = [
        "execution", "task", "externalTask", "activationCount", "waitingForStart", "now",
    ]

    // MARK: Following

    private mutating func followVariables() {
        addImplicitReads()
        for place in graph.places {
            guard let element = place.element else { continue }
            let results = place.results.defined + place.results.perhaps
            // Output mappings keep to themselves what they do not map.
            for name in (place.outputs ?? results) + [place.loopOutput].compactMap(\.self) {
                definers[name, default: []].append(element)
            }
            if place.outputs != nil { for name in results { unmapped[name, default: []].append(element) } }
        }
        let required = requiredOutputs
        let outputs = subject.workflow.flatMap { subject.catalog?.schemas(of: $0.key)?.output.propertyNames } ?? []
        let names = OrderedSet(reads.flatMap(\.names) + required + outputs)
        for start in stride(from: 0, to: names.count, by: VariableFacts.capacity) {
            let part = names[start..<min(start + VariableFacts.capacity, names.count)]
            let flow = DataFlow(graph, names: Array(part))
            for (read, names) in reads {
                guard let facts = facts(for: read, in: flow) else { continue }
                for name in names {
                    guard let state = flow.state(of: name, in: facts) else { continue }
                    report(read, name, state, in: flow)
                    if state.isTouched || state.mayComeFromOutside { outside.insert([read.element.text, name]) }
                }
            }
            for name in required {
                guard let state = flow.state(of: name, in: flow.inputs[graph.end]) else { continue }
                reportOutput(name, state, in: flow)
            }
            for name in outputs {
                guard let state = flow.state(of: name, in: flow.inputs[graph.end]) else { continue }
                if state.isTouched || state.mayComeFromOutside || !state.mayBeDefined {
                    outside.insert(TypeCheck.end(name))
                }
            }
        }
    }

    private func facts(for read: VariableRead, in flow: DataFlow) -> VariableFacts? {
        guard let entry = graph.entry[read.element], let exit = graph.exit[read.element] else { return nil }
        switch read.moment {
        case .outside: return flow.inputs[entry]
        case .before: return flow.before(entry)
        case .inside: return flow.inside(entry)
        case .after: return entry == exit ? flow.after(entry) : flow.inputs[exit]
        case .afterRun: return flow.afterRun(exit)
        case .leaving: return flow.outputs[exit]
        }
    }

    /// A task without mappings takes its inputs from the variables of their names; so does a call that passes all.
    private mutating func addImplicitReads() {
        guard let catalog = subject.catalog else { return }
        for element in definition.elements {
            let key: ContractKey?
            switch element {
            case let task as ServiceTask where task.inputs.isEmpty: key = task.contract
            case let call as CallActivity where call.inputs.passesAll:
                key = call.workflow(in: catalog)?.key
            default: continue  // Other elements take what their expressions say; the catalog of elements is open.
            }
            guard let key, let contract = catalog.contract(key) else { continue }
            for name in catalog.requiredInputs(of: key) {
                var read = VariableRead(
                    element.id, .inside, .constant(.null), "the input \"\(name)\" of \(contract.reference)")
                read.isImplicit = true
                reads.append((read, [name]))
            }
        }
    }

    private var requiredOutputs: [String] {
        guard let workflow = subject.workflow else { return [] }
        return subject.catalog?.schemas(of: workflow.key)?.output.requiredNames ?? []
    }

    // MARK: Telling

    private mutating func report(
        _ read: VariableRead, _ name: String, _ state: DataFlow.State, in flow: DataFlow
    ) {
        guard state.mayBeUndefined, !state.mayComeFromOutside,
            !read.expression.variablesTestedForAbsence.contains(name),
            reported.insert([read.element.text, read.purpose, name]).inserted
        else { return }
        if !state.mayBeDefined { return reportUndefined(read, name) }
        guard !tested.contains(name) else { return }
        if reportOptionalOutput(read, name) || reportUntold(read, name) { return }
        guard isMissed(name, at: read, in: flow) else { return }
        findings.append(
            subject.finding(
                .maybeUndefined, at: read.element,
                "\(read.purpose) reads \"\(name)\", which is not defined on every path to \(subject.title(of: read.element))",
                "\(origin(of: name)): define it on the other paths too, or test for it with \(name) = null"))
    }

    /// An output mapping reads what its own task need not give.
    private mutating func reportOptionalOutput(_ read: VariableRead, _ name: String) -> Bool {
        guard read.isOutput, let exit = graph.exit[read.element], graph.places[exit].results.perhaps.contains(name),
            let contract = contractOfOutputs(of: read.element)
        else { return false }
        findings.append(
            subject.finding(
                .maybeUndefined, at: read.element,
                "\(read.purpose) reads \"\(name)\", an output of \(contract.reference) that need not be given",
                "test for it with \(name) = null, or require it in the contract"))
        return true
    }

    /// Nothing but an error may have brought it.
    private mutating func reportUntold(_ read: VariableRead, _ name: String) -> Bool {
        guard let goal = graph.entry[read.element],
            !(definers[name] ?? []).contains(where: { mayHaveRun($0, before: read.element) }),
            let event = definition.elements.first(where: { element in
                graph.entry[element.id].map {
                    graph.places[$0].results.hasUntold && graph.reach(from: $0).contains(goal)
                } ?? false
            })
        else { return false }
        findings.append(
            subject.finding(
                .maybeUndefined, at: read.element,
                "\(read.purpose) reads \"\(name)\", which nothing before it defines, unless it comes with the error that \(subject.title(of: event.id)) catches",
                Spelling.suggestion(for: name, among: definers[name] == nil ? knownNames : [])
                    ?? "define it before \(subject.title(of: read.element)), or test for it with \(name) = null"))
        return true
    }

    /// Whether a way leads to the read on which the variable is not there, for all that its conditions say.
    private func isMissed(_ name: String, at read: VariableRead, in flow: DataFlow) -> Bool {
        guard let entry = graph.entry[read.element], let exit = graph.exit[read.element] else { return false }
        var path = missingPath(of: name, in: flow)
        switch read.moment {
        case .outside, .before, .inside: return path.leads(to: entry)
        case .after, .afterRun: return path.leads(to: exit)
        case .leaving: return path.leads(behind: exit)
        }
    }

    private func missingPath(of name: String, in flow: DataFlow) -> MissingPath {
        MissingPath(
            of: name, in: flow, graph, definition, definers: definers.mapValues(\.elements), values: valuesOfInputs)
    }

    /// The inputs of which the workflow contract lists the values, and which nothing else sets.
    private var valuesOfInputs: [String: [Value]] {
        guard let workflow = subject.workflow, let schema = subject.catalog?.schemas(of: workflow.key)?.input else {
            return [:]
        }
        var values: [String: [Value]] = [:]
        for name in schema.propertyNames {
            guard let list = schema.source["properties"]?[name]?["enum"]?.listValue,
                definers[name]?.allSatisfy({ definition.element($0) is StartEvent }) == true
            else { continue }
            values[name] = list
        }
        return values
    }

    private func origin(of name: String) -> String {
        let titles = (definers[name] ?? []).prefix(3).map { subject.title(of: $0) }
        if let workflow = subject.workflow,
            definers[name]?.contains(where: { definition.element($0) is StartEvent }) == true
        {
            return "it is an input of \(workflow.reference) that need not be given"
        }
        return titles.isEmpty ? "nothing defines it for certain" : "it is defined by \(titles.joined(separator: ", "))"
    }

    private mutating func reportUndefined(_ read: VariableRead, _ name: String) {
        if read.isOutput, definers[name] == nil, let contract = contractOfOutputs(of: read.element) {
            let names = subject.catalog?.schemas(of: contract.key)?.output.propertyNames ?? []
            findings.append(
                subject.finding(
                    .unknownOutput, at: read.element,
                    "\(read.purpose) reads \"\(name)\", which is no output of \(contract.reference) and no variable",
                    Spelling.suggestion(for: name, among: names + knownNames)
                        ?? "read one of its outputs: \(names.joined(separator: ", "))"))
            return
        }
        let elsewhere = (definers[name] ?? []).filter { $0 != read.element }
        if let beside = elsewhere.first(where: { mayHaveRun($0, before: read.element) }) {
            guard !tested.contains(name) else { return }
            findings.append(
                subject.finding(
                    .maybeUndefined, at: read.element,
                    "\(read.purpose) reads \"\(name)\", which only \(subject.title(of: beside)) defines, and that may not have run",
                    "define it before \(subject.title(of: read.element)), or test for it with \(name) = null"))
            return
        }
        let rule = read.isImplicit ? CheckRule.missingInput : .undefinedVariable
        let keeper = elsewhere.isEmpty ? unmapped[name]?.first { $0 != read.element } : nil
        findings.append(
            subject.finding(
                rule, at: read.element,
                "\(read.purpose) \(read.isImplicit ? "is the variable" : "reads") \"\(name)\", \(reason(elsewhere.first, keeper, for: read))",
                (elsewhere.isEmpty ? Spelling.suggestion(for: name, among: knownNames) : nil)
                    ?? keeper.map { "map it in \(subject.title(of: $0))" }
                    ?? (elsewhere.isEmpty
                        ? "let an element before it give it, or make it an input of the workflow contract"
                        : "let it be defined before")))
    }

    private func reason(_ definer: ElementID?, _ keeper: ElementID?, for read: VariableRead) -> String {
        if let definer, isInterrupted(definer, before: read.element) {
            return "which only \(subject.title(of: definer)) defines, and that is interrupted on the way here"
        }
        return definer.map { "which only \(subject.title(of: $0)) defines, which comes later" }
            ?? keeper.map { "an output of \(subject.title(of: $0)) that its output mappings do not pass on" }
            ?? "which nothing defines"
    }

    /// The contract whose outputs the output mappings of a task or a call see.
    private func contractOfOutputs(of element: ElementID) -> Contract? {
        guard let catalog = subject.catalog else { return nil }
        switch definition.element(element) {
        case let task as ServiceTask: return task.contract.flatMap { catalog.contract($0) }
        case let call as CallActivity where call.target.isContract: return call.workflow(in: catalog)
        default: return nil  // Other elements have no contract; the catalog of elements is open.
        }
    }

    private var knownNames: [String] { definers.keys.sorted() }

    private mutating func reportOutput(_ name: String, _ state: DataFlow.State, in flow: DataFlow) {
        guard let workflow = subject.workflow, state.mayBeUndefined, !state.mayComeFromOutside else { return }
        if !state.mayBeDefined, definers[name] == nil {
            findings.append(
                subject.finding(
                    .missingOutput, at: nil,
                    "nothing produces the output \"\(name)\" that \(workflow.reference) requires",
                    Spelling.suggestion(for: name, among: knownNames)
                        ?? "let a task or an output mapping give it, or do not require it"))
        } else {
            var path = missingPath(of: name, in: flow)
            guard path.leads(to: graph.end) else { return }
            findings.append(
                subject.finding(
                    .maybeMissingOutput, at: nil,
                    "the output \"\(name)\" that \(workflow.reference) requires is not produced on every path to an end",
                    "\(origin(of: name)): give it on the other paths too, or do not require it"))
        }
    }

    /// Whether what an element defines may be there when another begins: it does not come later, nor was it interrupted.
    private func mayHaveRun(_ definer: ElementID, before reader: ElementID) -> Bool {
        definer != reader && !comes(definer, after: reader) && !isInterrupted(definer, before: reader)
    }

    /// Whether all ways to an element lead over events that interrupt another one, which has then not done its work.
    private func isInterrupted(_ interrupted: ElementID, before reader: ElementID) -> Bool {
        guard let goal = graph.entry[reader], let own = graph.entry[interrupted],
            definition.outputsOfCanceled(interrupted).isEmpty, !mayRunAgain(interrupted, at: own)
        else { return false }
        let events = definition.boundaryEvents(of: interrupted).filter { $0.interrupts }.compactMap {
            graph.entry[$0.id]
        }
        return !events.isEmpty && !graph.isReached(goal, without: events)
    }

    private func mayRunAgain(_ element: ElementID, at entry: Int) -> Bool {
        var around: ElementID? = element
        while let id = around {
            if definition.loop(of: id) != nil { return true }
            around = definition.parent(of: id)
        }
        return definition.outgoing(of: element).contains { flow in
            graph.entry[flow.target].map { graph.reach(from: $0).contains(entry) } ?? false
        }
    }

    /// Whether an element lies after another on all that is drawn, so that it has not run when that one begins.
    private func comes(_ later: ElementID, after earlier: ElementID) -> Bool {
        guard let start = graph.exit[earlier], let goal = graph.entry[later], let back = graph.entry[earlier] else {
            return false
        }
        return graph.reach(from: start).contains(goal) && !graph.reach(from: goal).contains(back)
    }
}
