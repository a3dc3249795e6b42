import Encoding
import NIOCore
import Testing

@testable import Delivery
@testable import Outbound

@Suite struct AddressPolicyTests {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
        "192.168.1.1", "198.18.0.1", "198.19.255.255", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1",
        "ff02::1",
    ])
    func refusesWhatIsNotPublic(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(try !AddressPolicy().allows(address))
        #expect(try !AddressPolicy().allows(SocketAddress(ipAddress: text, port: 80)))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1", "128.0.0.1", "172.15.255.255",
        "172.32.0.0", "192.167.0.1", "192.169.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
        "2003::1", "fbff::1",
    ])
    func allowsWhatIsPublic(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(try AddressPolicy().allows(address))
    }

    @Test func allowsWhatIsListed() throws {
        let policy = try AddressPolicy(allowing: ["127.0.0.0/8", "10.20.0.0/16", "192.168.7.7", "fd00::/8"])
        for text in ["127.0.0.1", "10.20.255.1", "192.168.7.7", "fd00::1"] {
            #expect(policy.allows(try #require(IPAddress(text))), "\(text)")
        }
        for text in ["10.21.0.1", "192.168.7.8", "fc00::1", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"] {
            #expect(!policy.allows(try #require(IPAddress(text))), "\(text)")
        }
    }

    @Test func aMappedAddressNeedsItsOwnRange() throws {
        let policy = try AddressPolicy(allowing: ["::ffff:127.0.0.0/104"])
        #expect(policy.allows(try #require(IPAddress("::ffff:127.1.2.3"))))
        #expect(!policy.allows(try #require(IPAddress("::ffff:126.1.2.3"))))
        #expect(!policy.allows(try #require(IPAddress("127.1.2.3"))))
    }

    @Test func zeroPrefixContainsEverything() throws {
        let policy = try AddressPolicy(allowing: ["0.0.0.0/0"])
        #expect(policy.allows(try #require(IPAddress("255.255.255.255"))))
        #expect(!policy.allows(try #require(IPAddress("::1"))))
    }

    @Test func aUnixSocketIsNoAddress() throws {
        let policy = try AddressPolicy(allowing: ["0.0.0.0/0", "::/0"])
        #expect(!policy.allows(try SocketAddress(unixDomainSocketPath: "/tmp/x")))
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "localhost", "10.0.0.0/-1", "300.0.0.1", "1:2:3",
    ])
    func namesARangeThatIsNone(_ text: String) {
        #expect(throws: AddressPolicy.NotARange.self) { try AddressPolicy(allowing: [text]) }
    }

    @Test func readsTextForms() {
        #expect(IPAddress("1.2.3.4") == .v4(0x0102_0304))
        #expect(IPAddress("::") == .v6(0))
        #expect(IPAddress("::1") == .v6(1))
        #expect(IPAddress("1::") == .v6(1 << 112))
        #expect(IPAddress("1:2:3:4:5:6:7:8") == .v6(0x0001_0002_0003_0004_0005_0006_0007_0008))
        #expect(IPAddress("::ffff:1.2.3.4") == .v6(0xffff_0102_0304))
        #expect(IPAddress("FE80::A") == .v6(0xfe80 << 112 | 0xa))
        for text in [
            "1.2.3", "1.2.3.4.5", "01.2.3.4444", "012.0.0.1", "172.032.0.1", "::ffff:1.02.3.4", "00.1.2.3", "+1.2.3.4", "1:2", ":::",
            "1::2::3", "1:2:3:4:5:6:7:8:9", "::+1", "1:2:3:4:5:6:7::8:9",
        ] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }
}
