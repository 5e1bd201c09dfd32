import Delivery
import Testing

struct HTTPAddressTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:8585", "127.0.0.1", 8585), ("https://waybill.example/api", "waybill.example", nil),
            ("http://[::1]:65535/x", "::1", 65535), ("HTTP://h", "h", nil), ("https://name:secret@h:1", "h", 1),
        ] as [(String, String, Int?)])
    func `an address is taken apart`(text: String, host: String, port: Int?) throws {
        let address = try HTTPAddress(text)
        #expect(address.host == host && address.port == port && address.text == text)
    }

    @Test(arguments: [
        ("http://127.0.0.1:99999", "port"), ("http://h:65536", "port"), ("http://h:0", "port"), ("http://h:", "port"),
        ("http://h:-1", "port"), ("http://h:8 5", "character"), ("http://h\n", "character"), ("http://hü", "character"),
        ("http://a\\@h", "character"), ("http://", "host"), ("http://:80", "host"), ("http://[::1", "]"),
        ("http://a@b@h", "@"), ("ftp://h", "http://"), ("h:80", "http://"), ("", "http://"),
        ("http://h:18446744073709551616", "port"),
    ])
    func `what is no address is refused, with the reason`(text: String, says: String) {
        do throws(HTTPAddress.Problem) {
            _ = try HTTPAddress(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description.contains(says), "\(text): \(error)")
        }
    }

    @Test func `query and fragment are noticed`() throws {
        #expect(try HTTPAddress("http://h?x=1").hasQuery)
        #expect(try HTTPAddress("http://h/a#b?c").hasFragment)
        #expect(try !HTTPAddress("http://h/a#b?c").hasQuery)
    }

    @Test(arguments: [
        ("http://name:secret@h:99999", "http://…@h:99999"), ("http://name:se/cr@et@h", "http://…@h"),
        ("http://h", "http://h"),
        ("nothing", "nothing"),
    ])
    func `credentials are not shown, whatever else is wrong`(text: String, shown: String) {
        #expect(HTTPAddress.withoutCredentials(text) == shown)
    }
}
