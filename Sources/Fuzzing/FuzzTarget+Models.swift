import Decisions
import Expressions
import ProcessEngine
import Values
import WorkflowTesting
import XMLReader

/// Files of modelers.
extension FuzzTarget {
    private static let markup = [
        "<a>", "</a>", "<a b='c'/>", "&amp;", "&#0;", "&#x10FFFF;", "&lol;", "<![CDATA[", "]]>", "<!--", "-->",
        "<?x ?>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>", "xmlns:a=\"", "xml:space=\"preserve\"", "\u{0}", "\u{FFFE}", "\r\n", "é",
        "\u{FEFF}",
    ]
    private static let ids = [
        "", "p", "start", "end", "task", "1", "-1", "true", "false", "=", "= n", "= n > 1", "${n}", "${n > 1}", "#{x}",
        "PT1S",
        "R/PT1S", "R3/PT0S", "0 0 * * * ?", "2026-01-01T00:00:00Z", "P1Y", "999999999999999999999", "\u{1F600}",
    ]

    static func tree(_ bytes: [UInt8]) -> SourceNode? { try? XMLReader.read(bytes, file: "input.xml") }

    static let xml = FuzzTarget(
        name: "xml", corpus: Corpus("miwg", ".bpmn"), seeds: ["<a xmlns='u' b='1'><c>t</c></a>", "<a/>"], words: markup,
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            guard let root = tree(input) else { return nil }
            guard let again = tree(XMLText.text(of: root)) else {
                return "what was read cannot be written and read again"
            }
            return sameBut(position: root, again) ? nil : "what was read differs when it is written and read again"
        })

    private static func sameBut(position left: SourceNode, _ right: SourceNode) -> Bool {
        left.name == right.name && left.namespace == right.namespace && left.attributes == right.attributes
            && left.text == right.text && left.children.count == right.children.count
            && zip(left.children, right.children).allSatisfy { sameBut(position: $0, $1) }
    }

    static let bpmn = FuzzTarget(
        name: "bpmn", corpus: Corpus("bpmn/models", ".bpmn", ".xml"),
        seeds: (0..<20).map { RandomModel.bpmn(seed: UInt64($0)) }, words: ids,
        maker: { ChangedTrees($0, $1, $2) },
        run: { input in
            guard let root = tree(input) else { return nil }
            _ = CoverageDrawing.svg(of: root, [])
            do throws(Diagnostics) {
                return walk(try ProcessDefinition.read(root, file: "input.bpmn"), dice: Dice(input), steps: 30)
            } catch {
                return error.all.isEmpty ? "refused without a reason" : nil
            }
        })

    /// Whatever model was read: random paths of it are decided alike twice, and replayed alike.
    static func walk(
        _ definitions: [ProcessDefinition], dice: Dice, steps: Int, isWild: Bool = false
    ) -> String? {
        var walk = RandomWalk(dice: dice, isWild: isWild)
        for definition in definitions.prefix(3) {
            var simulation = Simulation(
                definitions, now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), contracts: AnyWork())
            simulation.checksReplay = true
            let variables = [Variable(name: "n", value: .number(walk.dice.roll(12)))]
            if isWild {
                // One that was called: its caller, which is not here, is asked about escalations.
                simulation.isIsolated = true
                let id = DefinitionID(process: definition.process, version: 1)
                let caller = ParentCall(instance: InstanceID("caller"), call: 1)
                let start = Command.Start(definition: id, variables: variables, parent: caller)
                guard (try? simulation.start(start)) != nil else { continue }
            } else {
                guard (try? simulation.start(definition.process, variables: variables)) != nil else { continue }
            }
            for _ in 0..<steps {
                guard let member = walk.dice.pick(simulation.members.filter { !$0.instance.isEnded }),
                    let command = walk.command(for: member.instance)
                else { break }
                if case .fireTimer(let number) = command, let timer = member.instance.timer(number) {
                    simulation.now = max(simulation.now, timer.dueAt)
                }
                try? simulation.send(command, to: member.id)
                if let fault = simulation.replayFaults.first { return fault }
                // Enough is seen of what makes more and more instances.
                if simulation.members.count > 20 || simulation.moments.count > 50_000 { break }
            }
        }
        return nil
    }

    static let process = FuzzTarget(
        name: "process", corpus: Corpus(), seeds: [], words: [],
        maker: { _, _, _ in MadeInputs { dice in Array("\(dice.next())".utf8) } },
        run: { input in
            guard let seed = UInt64(String(decoding: input, as: UTF8.self)) else { return nil }
            let isWild = seed % 2 == 0
            let text = isWild ? RandomModel.wild(seed: seed) : RandomModel.bpmn(seed: seed)
            do throws(Diagnostics) {
                let root = try XMLReader.read(Array(text.utf8), file: "made.bpmn")
                let definitions = try ProcessDefinition.read(root, file: "made.bpmn")
                return walk(definitions, dice: Dice(seed: seed), steps: 400, isWild: isWild)
            } catch {
                return "a sound model is refused: \(error)"
            }
        })

    static let dmn = FuzzTarget(
        name: "dmn", corpus: Corpus("dmn-tck", ".dmn"),
        seeds: [
            """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
            <decision id="a" name="a"><decisionTable hitPolicy="COLLECT" aggregation="SUM"><input id="i"><inputExpression>
            <text>n</text></inputExpression></input><output id="o"/><rule id="r"><inputEntry><text>&lt; 5</text></inputEntry>
            <outputEntry><text>n + 1</text></outputEntry></rule></decisionTable></decision></definitions>
            """
        ],
        words: ids + feelWords, maker: { ChangedTrees($0, $1, $2) },
        run: { input in
            guard let root = tree(input) else { return nil }
            let file = DecisionModel.File(root, name: "input.dmn")
            guard let model = try? DecisionModel.read([file], tolerating: .wrongExpressions) else { return nil }
            let given = model.inputs.map {
                DecisionInput(name: $0.name, value: Datum(value(for: $0.type)), isText: true)
            }
            let options = DecisionOptions(
                now: Timestamp(millisecondsSinceEpoch: 0), limits: EvaluationLimits(maxSteps: 20_000), keepsTrace: false
            )
            for element in (model.decisions + model.services).prefix(12) {
                _ = try? model.evaluate(element.id, inputs: given, options: options)
                _ = try? model.evaluate(element.id, inputs: [], options: options)
            }
            return nil
        })

    private static func value(for type: String) -> Value {
        switch type {
        case "number": 7
        case "boolean": true
        case "date": "2026-01-31"
        case "time": "12:00:00Z"
        case "dateTime", "date and time": "2026-01-31T12:00:00Z"
        case "string": "text"
        default: ["a": 1, "list": [1, 2]]
        }
    }
}
