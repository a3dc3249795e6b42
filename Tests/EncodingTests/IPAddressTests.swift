import Testing

@testable import Encoding

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("::FFFF:c000:207", "192.0.2.7"), ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"), ("::1", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"),
        ])
    func aClientIsItsAddressOrItsNetworkOfIPv6(address: String, key: String) {
        #expect(IPAddress.clientKey(address) == key)
    }

    @Test(arguments: ["", "unknown", "1.2.3", "256.1.1.1", "::1::", "%", ":", "[::1]", "1.2.3.4:80"])
    func textWithoutAnAddressHasNoClientKey(text: String) {
        #expect(IPAddress.clientKey(text).isEmpty)
    }
}
