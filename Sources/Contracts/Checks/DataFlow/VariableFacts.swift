/// What is known, at one place of a model, of up to 256 variables: for each the set of states that it may be in.
///
/// Nothing known at all (`isNothing`) means that no path to the place has been followed yet.
struct VariableFacts: Equatable {
    typealias Names = SIMD4<UInt64>

    static let capacity = 256

    /// On some path it is not there.
    var undefined = Names.zero
    /// On some path it is there.
    var defined = Names.zero
    /// On some path it may have come from outside.
    var unknown = Names.zero
    /// Somebody from outside may have given it another value than the model says.
    var touched = Names.zero

    /// At the start of an instance.
    static let start = VariableFacts(undefined: ~Names.zero)

    var isNothing: Bool { undefined | defined | unknown == .zero }

    mutating func define(_ names: Names) {
        undefined &= ~names
        unknown &= ~names
        touched &= ~names
        defined |= names
    }

    mutating func perhapsDefine(_ names: Names) { defined |= names }

    mutating func defineAnything() {
        unknown |= undefined
        undefined = .zero
        touched = ~Names.zero
    }

    /// Any of them may have been given a value, and none counts on it.
    mutating func perhapsDefineAnything() {
        defined = ~Names.zero
        touched = ~Names.zero
    }

    /// Of these variables, what was known elsewhere.
    mutating func restore(_ names: Names, from other: VariableFacts) {
        undefined = (undefined & ~names) | (other.undefined & names)
        defined = (defined & ~names) | (other.defined & names)
        unknown = (unknown & ~names) | (other.unknown & names)
        touched = (touched & ~names) | (other.touched & names)
    }

    /// One path or the other was taken.
    func either(_ other: VariableFacts) -> VariableFacts {
        VariableFacts(
            undefined: undefined | other.undefined, defined: defined | other.defined,
            unknown: unknown | other.unknown, touched: touched | other.touched)
    }

    /// Both paths were taken: what one of them defined is there.
    func both(_ other: VariableFacts) -> VariableFacts {
        if isNothing { return other }
        if other.isNothing { return self }
        return VariableFacts(
            undefined: undefined & other.undefined, defined: defined | other.defined,
            unknown: (unknown & (other.unknown | other.undefined)) | (other.unknown & (unknown | undefined)),
            touched: touched | other.touched)
    }
}

extension SIMD4<UInt64> {
    func contains(_ index: Int) -> Bool { self[index / 64] & (1 << UInt64(index % 64)) != 0 }
    mutating func insert(_ index: Int) { self[index / 64] |= 1 << UInt64(index % 64) }
}
