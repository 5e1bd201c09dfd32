import Values

/// The order in which elements can be evaluated, found without recursion: requirements may be chained as long as a file
/// is.
enum EvaluationOrder {
    /// For each element its place in an order that has what it requires before it. A cycle is refused by name; only a
    /// business knowledge model may require itself, as recursion.
    static func rank(_ elements: [Element]) throws(Diagnostics) -> [Int] {
        var rank = [Int](repeating: -1, count: elements.count)
        var isOpen = [Bool](repeating: false, count: elements.count)
        var next = 0
        for start in elements.indices where rank[start] < 0 {
            var path: [(element: Int, requirements: ArraySlice<Int>)] = [(start, before(start, elements)[...])]
            isOpen[start] = true
            while let (element, requirements) = path.last {
                guard let required = requirements.first else {
                    rank[element] = next
                    next += 1
                    isOpen[element] = false
                    path.removeLast()
                    continue
                }
                path[path.count - 1].requirements = requirements.dropFirst()
                if rank[required] >= 0 { continue }
                if isOpen[required] { throw cycle(path.map(\.element), backTo: required, elements) }
                isOpen[required] = true
                path.append((required, before(required, elements)[...]))
            }
        }
        return rank
    }

    private static func before(_ number: Int, _ elements: [Element]) -> [Int] {
        let element = elements[number]
        let requirements = element.requirements.map(\.element)
        switch element.kind {
        case .input, .decision: return requirements
        case .knowledge: return requirements.filter { $0 != number }
        case .service(let service): return service.outputs + requirements
        }
    }

    private static func cycle(_ path: [Int], backTo first: Int, _ elements: [Element]) -> Diagnostics {
        let cycle = path.drop { $0 != first } + [first]
        let element = elements[first]
        let names = cycle.prefix(20).map { elements[$0].name }.joined(separator: " -> ")
        return Diagnostics(
            Diagnostic(
                code: "cyclic-requirements", file: element.file, position: element.position, element: element.id,
                message: "the requirements form a cycle: \(names)\(cycle.count > 20 ? " -> ..." : "")"))
    }
}
