import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// Bodies with a `Content-Encoding`.
@Suite struct CodedBodiesTests {
    private static let paths = [
        "/ocpi/receiver/VERSION/locations/DE/MSP/1", "/ocpi/VERSION/credentials", "/ocpi/receiver/VERSION/ocnrules/whitelist",
    ]

    @Test(arguments: paths, OCPIVersion.allCases)
    func whereBodiesAreReadCodedOnesAreRefused(_ path: String, _ version: OCPIVersion) async throws {
        let ingress = TestIngress()
        let path = path.split(separator: "VERSION", omittingEmptySubsequences: false).joined(separator: version.rawValue)
        for coding in ["gzip", "identity, br"] {
            let answer = try await ingress.ask("PUT", path, headers(["Content-Encoding": coding]), body: "{}")
            #expect(answer.status == 415 && answer["Accept-Encoding"] == "identity" && answer.code == 2000)
        }
        #expect(ingress.produced.isEmpty && ingress.pending.count == 0)
    }

    @Test func betweenNodesToo() async throws {
        let ingress = TestIngress()
        let signature = NodeSignature.sign(ByteBuffer(string: "{}"), with: ingress.remoteKey)
        for (method, path) in [("POST", "/ocn/message"), ("PUT", "/ocn/client-info")] {
            let answer = try await ingress.ask(
                method, path, ["X-Request-ID": "1", "OCN-Signature": signature, "Content-Encoding": "gzip"], body: "{}")
            #expect(answer.status == 415 && answer["Accept-Encoding"] == "identity")
        }
    }

    @Test func identityIsNoCodingAndWithoutBodyThereIsNothingToDecode() async throws {
        let ingress = TestIngress()
        let put = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/locations/DE/MSP/1", headers(["Content-Encoding": "Identity"]), body: "{}")
        let get = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers(["Content-Encoding": "gzip"]))
        #expect(put.code == 1000 && get.code == 1000 && ingress.produced.allSatisfy { $0.contentEncoding == nil })
    }

    @Test func toACustomModuleTheCodingTravelsWithTheBytes() async throws {
        let ingress = TestIngress()
        let answer = try await ingress.ask(
            "POST", "/ocpi/custom/receiver/parking/spots", headers(["Content-Encoding": "gzip"]), body: "coded")
        let record = try #require(ingress.produced.first)
        #expect(answer.status == 200 && record.contentEncoding == "gzip" && record.body.map { String(buffer: $0) } == "coded")
    }

    @Test func theCodingOfAnAnswerGoesToTheCaller() async throws {
        let ingress = TestIngress { request in
            var reply = TestIngress.ok(request)
            reply.headers = ["Content-Encoding": "gzip"]
            if request.path == "none" { reply.httpStatus = 204 }
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer["Content-Encoding"] == "gzip" && answer.body.readableBytes > 0)
        let none = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations/none", headers())
        #expect(none.status == 204 && none["Content-Encoding"] == nil)
    }
}
