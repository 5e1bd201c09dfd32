import Testing

struct SwiftTextTests {
    @Test(arguments: [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"x\")", "f(\" \")"),
        ("\"a\\(b(\"c\"))d\"", "\"  (b(\" \")) \""),
        ("#\"a\\(b)\"c\"#", "#\"       \"#"),
        ("#\"a\\#(b)c\"#", "#\"   (b) \"#"),
        ("\"\"\"\na \"quoted\" // b\n\"\"\" // c", "\"\"\"\n               \n\"\"\"     "),
        ("\"a\\\"b\" + c", "\"    \" + c"),
    ])
    func `keeps code and blanks comments and strings`(text: String, code: String) {
        #expect(SwiftText.code(of: text) == code)
    }
}
