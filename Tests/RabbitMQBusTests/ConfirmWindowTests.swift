import Testing

@testable import RabbitMQBus

@Suite struct ConfirmWindowTests {
    @Test func `a multiple answer covers only what is outstanding`() {
        var window = ConfirmWindow<String>()
        for item in ["a", "b", "c", "d", "e"] { window.sent(item) }
        #expect(window.answered(2, multiple: false) == ["b"])
        #expect(window.answered(4, multiple: true) == ["a", "c", "d"])
        #expect(window.count == 1)
        #expect(window.oldest == "e")
    }

    @Test(arguments: [0, 3, 4, 99, UInt64.max])
    func `an answer for a tag that was never sent, or was answered, changes nothing`(tag: UInt64) {
        var window = ConfirmWindow<String>()
        for item in ["a", "b", "c"] { window.sent(item) }
        _ = window.answered(3, multiple: false)
        #expect(window.answered(tag, multiple: false) == [])
        if tag != 0, tag != 3 { #expect(window.answered(tag, multiple: true) == []) }
    }

    @Test func `tag zero with multiple answers everything`() {
        var window = ConfirmWindow<String>()
        for item in ["a", "b"] { window.sent(item) }
        #expect(window.answered(0, multiple: true) == ["a", "b"])
        #expect(window.isEmpty)
    }

    @Test func `a reset window counts from one again`() {
        var window = ConfirmWindow<String>()
        for item in ["a", "b", "c"] { window.sent(item) }
        _ = window.answered(1, multiple: false)
        #expect(window.reset() == ["b", "c"])
        window.sent("d")
        #expect(window.answered(1, multiple: false) == ["d"])
    }

    @Test func `a change finds the oldest that matches`() {
        var window = ConfirmWindow<String>()
        for item in ["a", "b", "a"] { window.sent(item) }
        #expect(window.changeFirst(where: { $0 == "a" }, { $0 = "A" }) == true)
        #expect(window.changeFirst(where: { $0 == "a" }, { $0 = "B" }) == true)
        #expect(window.changeFirst(where: { $0 == "a" }, { $0 = "C" }) == false)
        #expect(window.reset() == ["A", "b", "B"])
    }
}
