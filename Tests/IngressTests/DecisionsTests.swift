import Encoding
import Kafka
import NIOCore
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// The rules of *Decisions* about requests of parties.
@Suite struct DecisionsTests {
    @Test func aByteOrderMarkIsIgnoredAndGoesOn() async throws {
        let ingress = TestIngress()
        let body = "\u{FEFF}" + #"{"id":"1","session_id":"S1"}"#
        let answer = try await ingress.ask("POST", "/ocpi/receiver/2.2.1/cdrs", headers(), body: body)
        #expect(answer.code == 1000)
        let record = try #require(ingress.produced.first)
        #expect(record.body == ByteBuffer(string: body) && record.key == "DE-MSP|cdrs|S1")
    }

    private static let next = #"<https://cpo.example/2>; rel="next""#

    /// A party's answer to a request for one object, without a total count.
    @Test(
        arguments: [(0, nil, true), (1, nil, false), (2, nil, true), (0, next, false), (2, next, false)] as [(Int, String?, Bool)])
    func aListOfUnknownLengthIsNotTakenForAWholeOne(_ count: Int, _ link: String?, _ isWhole: Bool) async throws {
        let ingress = TestIngress(bodyLimit: 4096) { request in
            var reply = TestIngress.ok(request)
            let objects = (0..<count).map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
            reply.body = ByteBuffer(string: #"{"status_code":"1000","data":[\#(objects)],"timestamp":"2026-01-01T00:00:00Z"}"#)
            if let link { reply.headers = ["Link": link] }
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(HubAddressedTests.toHub))
        if isWhole {
            // DE-CPO and CH-CPO give the same answer.
            #expect(answer.code == 1000 && answer.json?["data"]?.array?.count == 2 * count)
        } else {
            #expect(answer.code == 4000 && answer.message?.contains("CH-CPO") == true && answer.message?.contains("X-Total-Count") == true)
        }
    }
}
