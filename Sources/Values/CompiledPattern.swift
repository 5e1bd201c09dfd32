import CPCRE2

/// Where a match and its groups stand, in bytes of the subject.
struct PatternRanges {
    var range: Range<Int>
    var groups: [Range<Int>?]
}

/// The one place that calls PCRE2: owns a compiled pattern and the limits of its matches.
///
/// Unchecked, because the compiler cannot see into C. Nothing here changes after `init`: compiled code is read-only and may
/// be used by many threads at once unless it is being JIT-compiled, which we never do, and contexts may be shared as long
/// as no thread changes them (https://www.pcre.org/current/doc/html/pcre2api.html, MULTITHREADING). What a match does write
/// to, the match data, is made for each call.
final class CompiledPattern: @unchecked Sendable {
    private let code: OpaquePointer
    private let context: OpaquePointer
    let groupCount: Int

    private static let maxPatternBytes = 32 << 10
    /// Some patterns take time in the square of the subject in steps that PCRE2 does not count.
    private static let maxSubjectBytes = 256 << 10
    /// Calls of the inner matching function: about 20 ms.
    private static let matchLimit: UInt32 = 1_000_000
    /// How far they nest: bounds memory, together with the heap limit.
    private static let depthLimit: UInt32 = 250_000
    private static let heapLimitKiB: UInt32 = 32 << 10

    init(_ pattern: String, options: Pattern.Options) throws(PatternError) {
        guard pattern.utf8.count <= Self.maxPatternBytes else {
            throw PatternError(kind: .invalidPattern, message: "longer than \(Self.maxPatternBytes) bytes")
        }
        guard let compileContext = pcre2_compile_context_create_8(nil) else { throw Self.outOfMemory }
        defer { pcre2_compile_context_free_8(compileContext) }
        if options.contains(.ecmaScript) {
            pcre2_set_compile_extra_options_8(compileContext, PCRE2_EXTRA_ALT_BSUX)
        }

        var errorCode: Int32 = 0
        var errorOffset = 0
        let bytes = Array(pattern.utf8)
        let code = bytes.withUnsafeBufferPointer { buffer in
            pcre2_compile_8(
                buffer.baseAddress, buffer.count, Self.flags(options), &errorCode, &errorOffset, compileContext)
        }
        guard let code else {
            throw PatternError(kind: .invalidPattern, message: Self.message(errorCode), offset: errorOffset)
        }
        guard let context = pcre2_match_context_create_8(nil) else {
            pcre2_code_free_8(code)
            throw Self.outOfMemory
        }
        pcre2_set_match_limit_8(context, Self.matchLimit)
        pcre2_set_depth_limit_8(context, Self.depthLimit)
        pcre2_set_heap_limit_8(context, Self.heapLimitKiB)
        var groupCount: UInt32 = 0
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &groupCount)
        self.code = code
        self.context = context
        self.groupCount = Int(groupCount)
    }

    deinit {
        pcre2_match_context_free_8(context)
        pcre2_code_free_8(code)
    }

    /// `\C` would match half a character. A `$` before a last line feed is Perl's alone.
    private static func flags(_ options: Pattern.Options) -> UInt32 {
        var flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
        if options.contains(.caseInsensitive) { flags |= PCRE2_CASELESS }
        // PCRE2 refuses most options beside LITERAL.
        if options.contains(.literal) { return PCRE2_UTF | PCRE2_LITERAL | flags & PCRE2_CASELESS }
        if options.contains(.multiline) { flags |= PCRE2_MULTILINE }
        if options.contains(.dotMatchesNewlines) { flags |= PCRE2_DOTALL }
        if options.contains(.ignoresWhitespace) { flags |= PCRE2_EXTENDED }
        flags |=
            options.contains(.ecmaScript)
            ? PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF : PCRE2_UCP
        return flags
    }

    func firstMatch(in subject: [UInt8]) throws(PatternError) -> PatternRanges? {
        try matches(in: subject, atMost: 1).first
    }

    func allMatches(in subject: [UInt8]) throws(PatternError) -> [PatternRanges] {
        try matches(in: subject, atMost: .max)
    }

    private func matches(in subject: [UInt8], atMost limit: Int) throws(PatternError) -> [PatternRanges] {
        guard subject.count <= Self.maxSubjectBytes else {
            throw PatternError(kind: .subjectTooLong, message: "the text is longer than \(Self.maxSubjectBytes) bytes")
        }
        guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { throw Self.outOfMemory }
        defer { pcre2_match_data_free_8(data) }
        var matches: [PatternRanges] = []
        var start = 0
        while matches.count < limit, start <= subject.count, let match = try match(in: subject, from: start, data) {
            matches.append(match)
            // Behind an empty match the next one starts a character later, so that the loop ends.
            start =
                match.range.isEmpty
                ? Self.endOfCharacter(subject, from: match.range.upperBound) : match.range.upperBound
        }
        return matches
    }

    private func match(in subject: [UInt8], from start: Int, _ data: OpaquePointer) throws(PatternError)
        -> PatternRanges?
    {
        let result = subject.withUnsafeBufferPointer { buffer in
            // The text of a String is valid UTF-8, and `start` is at a character.
            pcre2_match_8(code, buffer.baseAddress, buffer.count, start, PCRE2_NO_UTF_CHECK, data, context)
        }
        switch result {
        case PCRE2_ERROR_NOMATCH: return nil
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT:
            throw PatternError(kind: .limitExceeded, message: Self.message(result))
        case ..<0: throw PatternError(kind: .failed, message: Self.message(result))
        default: return Self.ranges(data, groupCount: groupCount, from: start)
        }
    }

    private static func ranges(_ data: OpaquePointer, groupCount: Int, from start: Int) -> PatternRanges? {
        guard let offsets = pcre2_get_ovector_pointer_8(data) else { return nil }
        // A pair of offsets for the match and each group; PCRE2_UNSET, all bits set, for a group that took no part.
        func range(_ index: Int) -> Range<Int>? {
            let (lower, upper) = (Int(offsets[2 * index]), Int(offsets[2 * index + 1]))
            guard lower >= 0, lower <= upper else { return nil }
            return lower..<upper
        }
        // Where `\K` is allowed in lookarounds (before 10.38) it can move the start of a match anywhere.
        let end = max(start, Int(offsets[1]))
        let match = min(max(start, Int(offsets[0])), end)..<end
        return PatternRanges(range: match, groups: (0..<groupCount).map { range($0 + 1) })
    }

    private static func endOfCharacter(_ subject: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < subject.count, subject[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }

    private static func message(_ code: Int32) -> String {
        let text = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = max(0, Int(pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let outOfMemory = PatternError(kind: .failed, message: "out of memory")
}
