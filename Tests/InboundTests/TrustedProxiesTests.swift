import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Inbound

@Suite struct TrustedProxiesTests {
    private let proxies = TrustedProxies(["10.0.0.0/8", "fd00::/8"])

    @Test(
        arguments: [
            (["192.0.2.1"], "192.0.2.1"), (["203.0.113.5, 192.0.2.1"], "192.0.2.1"), (["203.0.113.5", "192.0.2.1"], "192.0.2.1"),
            (["192.0.2.1, 10.1.1.1,\tfd00::7 "], "192.0.2.1"), (["192.0.2.1:4711"], "192.0.2.1"), (["::ffff:192.0.2.1"], "192.0.2.1"),
            (["2001:db8::1"], "2001:db8:0:0::/64"), (["[2001:db8::1]:443"], "2001:db8:0:0::/64"), (["[2001:db8::1]"], "2001:db8:0:0::/64"),
            (["192.0.2.1, ::ffff:10.1.1.1"], "192.0.2.1"),
        ] as [([String], String)])
    func theLastThatIsNoProxyIsTheClient(values: [String], client: String) {
        #expect(proxies.client(forwardedFor: values, by: "10.0.0.9") == client)
    }

    /// Entries before an invalid one can be forged.
    @Test(
        arguments: [
            [], [""], [","], ["unknown"], ["192.0.2.1, unknown"], ["192.0.2.1,"], ["10.1.1.1"], ["10.1.1.1, 10.1.1.2"], ["[::1"],
            ["[", "]"],
            [":"], ["::::"], ["192.0.2.1 x, _hidden"], ["é"], ["999.1.1.1"], [String(repeating: ",", count: 30_000)],
            [String(repeating: "10.0.0.1,", count: 3000)], [String(repeating: "1:", count: 15_000)],
        ] as [[String]])
    func withoutAValidEntryTheProxyIsTheClient(values: [String]) {
        #expect(proxies.client(forwardedFor: values, by: "10.0.0.9") == "10.0.0.9")
    }

    @Test func theAnswersOnAProxysConnectionWaitForItsClients() throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var limits = InboundLimits(connections: 4, connectionsPerAddress: 1)
        limits.trustedProxies = proxies
        let gate = ConnectionGate(.public, limits, InboundMetrics(), logger)
        for (address, client) in [("10.0.0.9", "192.0.2.1"), ("203.0.113.5", "203.0.113.5")] {
            let watch = SocketMonitor(limits, gate: gate, budget: AnswerBudget(limit: 1000), cut: { _ in })
            let channel = EmbeddedChannel(handlers: [watch, ForwardedClient(proxies, watch)])
            try channel.connect(to: SocketAddress(ipAddress: address, port: 80)).wait()
            #expect(watch.client == address)
            var head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")
            head.headerFields[try #require(HTTPField.Name("X-Forwarded-For"))] = "192.0.2.1"
            try channel.writeInbound(HTTPRequestPart.head(head))
            #expect(watch.client == client)
            _ = try channel.finish()
        }
    }

    @Test func onlyProxiesAreAsked() {
        #expect(proxies.contains("10.255.0.1") && proxies.contains("::ffff:10.0.0.1") && proxies.contains("fd12::1"))
        #expect(!proxies.contains("11.0.0.1") && !proxies.contains("") && !proxies.contains("localhost") && !proxies.contains("::1"))
        #expect(TrustedProxies().isEmpty && !TrustedProxies().contains("10.0.0.1"))
    }
}
