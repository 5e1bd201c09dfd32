import Decisions
import Expressions
import Foundation
import Testing
import Values
import XMLReader

/// Damaged models end in an answer or an error, never in a crash, and never without end.
struct MutationTests {
    private static let limits = EvaluationLimits(
        maxSteps: 20_000, maxListSize: 2000, maxStringBytes: 64 << 10, maxResultBytes: 256 << 10)

    /// Small models with something of everything.
    private static let seeds: [String] = [
        table(
            "COLLECT", rules: [("< 10", ["x * 2"]), ("[10..20]", ["sum([x, 1])"]), ("not(5)", ["\"a\" + string(x)"])],
            aggregation: "MAX"),
        """
        <itemDefinition name="t"><itemComponent name="a b"><typeRef>number</typeRef>
        <allowedValues><text>&lt; 100</text></allowedValues></itemComponent>
        <itemComponent name="next"><typeRef>t</typeRef></itemComponent></itemDefinition>
        <inputData id="x" name="x"><variable name="x" typeRef="t"/></inputData>
        <businessKnowledgeModel id="k" name="k"><variable name="k"/><encapsulatedLogic>
        <formalParameter name="n" typeRef="number"/><literalExpression><text>if n &lt;= 0 then [] else
        concatenate(k(n - 1), [n ** 2, @"2026-01-31" + duration("P1D")])</text></literalExpression></encapsulatedLogic>
        </businessKnowledgeModel>
        <decision id="d" name="d"><variable name="d" typeRef="Any"/>
        <informationRequirement><requiredInput href="#x"/></informationRequirement>
        <knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>
        <context><contextEntry><variable name="one"/><literalExpression><text>x.a b</text></literalExpression>
        </contextEntry><contextEntry><variable name="two"/><for iteratorVariable="i"><in><literalExpression>
        <text>1..5</text></literalExpression></in><return><literalExpression><text>partial</text></literalExpression>
        </return></for></contextEntry><contextEntry><variable name="three"/><filter><in><literalExpression>
        <text>k(4)</text></literalExpression></in><match><literalExpression><text>item > 2</text></literalExpression>
        </match></filter></contextEntry><contextEntry><invocation><literalExpression><text>k</text></literalExpression>
        <binding><parameter name="n"/><literalExpression><text>count(two)</text></literalExpression></binding>
        </invocation></contextEntry></context></decision>
        """,
    ]

    @Test(arguments: 0..<6)
    func `damaged models are harmless`(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        var evaluated = 0
        for round in 0..<250 {
            let seed = Self.seeds[round % Self.seeds.count]
            // Three of four keep their tags, so that most of them are still models.
            let text = round % 8 < 6 ? Self.damagedInside(seed, &random) : Self.damaged(seed, &random)
            guard let file = try? file(text),
                let model = try? DecisionModel.read([file], tolerating: .wrongExpressions)
            else { continue }
            for decision in model.decisions {
                let result = try? model.result(
                    of: decision.id, ["x": ["a b": 7, "next": ["a b": 300]]], limits: Self.limits)
                if let result { evaluated += 1 &+ (result.json.byteCount > 256 << 10 ? 1000 : 0) }
            }
        }
        #expect(evaluated > 10 && evaluated < 1000)
    }

    /// Damages the text of one expression.
    private static func damagedInside(_ text: String, _ random: inout SplitMix) -> String {
        var pieces = text.components(separatedBy: "<text>")
        let chosen = 1 + Int(random.next() % UInt64(pieces.count - 1))
        guard let end = pieces[chosen].range(of: "</text>") else { return text }
        let expression = pieces[chosen][..<end.lowerBound].replacing("&lt;", with: "<")
        pieces[chosen] = escaped(damaged(String(expression), &random)) + pieces[chosen][end.lowerBound...]
        return pieces.joined(separator: "<text>")
    }

    /// Pieces moved, doubled, cut out, and characters changed for others that mean something.
    private static func damaged(_ text: String, _ random: inout SplitMix) -> String {
        var bytes = Array(text.utf8)
        let marks = Array("<>/\"=#()[]{}.,+-*?@:0917 aexnd".utf8)
        for _ in 0...random.next() % 4 {
            if bytes.isEmpty { break }
            let start = Int(random.next() % UInt64(bytes.count))
            let length = min(Int(random.next() % 12), bytes.count - start)
            switch random.next() % 4 {
            case 0: bytes[start] = marks[Int(random.next() % UInt64(marks.count))]
            case 1: bytes.removeSubrange(start..<start + length)
            case 2:
                bytes.insert(
                    contentsOf: bytes[start..<start + length], at: start)
            default: bytes.insert(marks[Int(random.next() % UInt64(marks.count))], at: start)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The expressions of the compatibility kit, damaged, in both languages.
    @Test func `damaged expressions of the kit are harmless`() throws {
        let kit = Kit.root.appendingPathComponent("dmn-tck/compliance-level-3")
        guard let folders = try? FileManager.default.contentsOfDirectory(atPath: kit.path).sorted() else {
            print("not run: damaged expressions of the DMN compatibility kit, absent at \(kit.path)")
            return
        }
        var random = SplitMix(state: 42)
        var parsed = 0
        for folder in folders {
            for text in Self.expressions(in: kit.appendingPathComponent(folder)).prefix(40) where !text.isEmpty {
                let damaged = Self.damaged(text, &random)
                for language in [ExpressionLanguage.feel, .juel] {
                    guard let expression = try? Expression.parse(damaged, as: language) else { continue }
                    parsed += 1
                    let answer = try? expression.evaluate(in: EmptyVariables(), limits: Self.limits)
                    #expect(answer.map { $0.byteCount <= 300 << 10 } ?? true, "\(damaged)")
                }
            }
        }
        #expect(parsed > 500)
    }

    private static func expressions(in folder: URL) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
        var found: [String] = []
        for file in files where file.hasSuffix(".dmn") {
            guard let data = FileManager.default.contents(atPath: folder.appendingPathComponent(file).path),
                let root = try? XMLReader.read(data, file: file)
            else { continue }
            var waiting = [root]
            while let node = waiting.popLast() {
                if node.name == "text" { found.append(node.text) }
                waiting += node.children.reversed()
            }
        }
        return found
    }

    /// What the results of an iteration keep of each other grows with the square of their number.
    @Test(arguments: ["partial", "[partial]", "function() partial"])
    func `copies of what was found so far are counted`(body: String) throws {
        let model = try model(decision("d", "count(for i in 1..20000 return \(body))"))
        let error = try #require(throws: Diagnostics.self) { try model.result(of: "d") }
        #expect(error.all.map(\.code) == ["evaluation-limit"])
    }
}

private struct EmptyVariables: VariableScope {
    var now: Timestamp { Timestamp(millisecondsSinceEpoch: 0) }
    var names: [String] { [] }

    func lookup(_ name: String) -> JSON? { nil }
}

/// A small generator with a seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
