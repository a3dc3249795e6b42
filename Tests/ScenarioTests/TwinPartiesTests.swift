import Demo
import Encoding
import NIOCore
import OCPI
import Support
import TestParties
import Testing

@testable import Node

extension Scenarios {
    /// Recipients and services at another node are served like those at this one.
    @Suite(.serialized, TwoNodeNetworkTrait(), .timeLimit(.minutes(5))) struct TwinPartiesTests {
        private func nodes() throws -> TwoNodeNetwork { try #require(TwoNodeNetwork.current) }

        @Test(
            arguments: [
                ("text/plain; charset=utf-8", nil, Array("just \"a\" text\u{0}".utf8)),
                ("application/json", nil, Array(#"{"a":1.50}"#.utf8)),
                ("application/octet-stream", nil, [0, 255, 254, 10]), ("application/xml", "gzip", [0x1F, 0x8B, 8, 0, 0xC3, 0x28]),
            ] as [(String, String?, [UInt8])])
        func aCustomModuleGetsWhatItsSenderSent(_ type: String, _ coding: String?, _ bytes: [UInt8]) async throws {
            let nodes = try nodes()
            for place in TwoNodeNetwork.Place.allCases {
                let (recipient, id) = (try place.party("RCV"), UUIDText.v4())
                let answer = try await nodes.call(
                    "POST", "/ocpi/custom/receiver/parking/lots/\(id)?x=%20", to: recipient, type: type, coding: coding,
                    body: ByteBuffer(bytes: bytes))
                #expect(answer.status == 200 && answer.code == 1000, "\(place): \(answer)")
                let got = try #require(nodes.replies.seen(by: recipient, "parking").first { $0.path.hasSuffix(id) })
                #expect(got.method == .post && got.query == "x=%20" && Array(got.body.readableBytesView) == bytes, "\(place)")
                #expect(got.header("Content-Type") == type && got.header("Content-Encoding") == coding, "\(place)")
            }
        }

        @Test func whatComesAgainIsCarriedOutOnce() async throws {
            let nodes = try nodes()
            for place in TwoNodeNetwork.Place.allCases {
                let (recipient, id) = (try place.party("RCV"), UUIDText.v4())
                let before = nodes.replies.seen(by: recipient, "cdrs").count
                let answers = [
                    try await nodes.post(id, to: recipient), try await nodes.post(id, to: recipient),
                    try await nodes.post(id, to: recipient, #"{"id":"another"}"#),
                ]
                #expect(answers.allSatisfy { $0.status == 200 && $0.code == 1000 }, "\(place)")
                #expect(answers[0].text == answers[1].text && answers[1].text != answers[2].text, "\(place): the answer was counted")
                #expect(nodes.replies.seen(by: recipient, "cdrs").count == before + 2, "\(place)")
            }
        }

        /// The request was not carried out, so the answer must not be cached for ten minutes.
        @Test func whatWasRefusedInTheRecipientsPlaceMayBeAskedAgain() async throws {
            let nodes = try nodes()
            for (name, refusal, mended) in [("RUL", 2000, TwoNodeNetwork.withoutRules), ("LAT", 2001, TwoNodeNetwork.withCDRs)] {
                for place in TwoNodeNetwork.Place.allCases {
                    let (recipient, id) = (try place.party(name), UUIDText.v4())
                    for _ in 0..<2 {
                        let refused = try await nodes.post(id, to: recipient)
                        #expect(refused.status == 200 && refused.code == refusal, "\(recipient): \(refused)")
                        #expect(!refused.headers.contains { $0.lowercased() == "ocn-not-done" }, "it is between nodes")
                    }
                    try await nodes.publish(mended(nodes, recipient), at: place)
                    try await eventually("\(recipient) is asked") {
                        try await nodes.post(id, to: recipient).code == 1000
                    }
                    #expect(nodes.replies.seen(by: recipient, "cdrs").count == 1, "\(recipient)")
                }
            }
        }

        @Test func aCopyIsTriedAgainUnderItsIDUntilItsServiceTakesIt() async throws {
            let nodes = try nodes()
            let services = try TwoNodeNetwork.Place.allCases.map { try $0.party("SRV") }
            let late = try TwoNodeNetwork.Place.allCases.map { try $0.party("NEW") }
            nodes.replies.fail(once: services, "copied")
            #expect(try await nodes.post(UUIDText.v4(), to: try TwoNodeNetwork.Place.near.party("RCV"), #"{"id":"copied"}"#).code == 1000)
            var ids: Set<String> = []
            for service in services {
                let copies = try await nodes.replies.seen(by: service, "cdrs", body: "copied", atLeast: 2)
                let found = Set(copies.compactMap { $0.header(OCPIHeader.copyID) })
                #expect(copies.count == 2 && found.count == 1, "\(service) fails once, and knows the copy again")
                ids.formUnion(found)
            }
            #expect(ids.count == 2)
            // The copy waits for a missing module, whatever the rules against the sender itself.
            for place in TwoNodeNetwork.Place.allCases {
                let service = try place.party("NEW")
                #expect(nodes.replies.seen(by: service, "cdrs").isEmpty)
                try await nodes.publish(TwoNodeNetwork.withCDRs(nodes, service), at: place)
            }
            for service in late {
                let copy = try #require(try await nodes.replies.seen(by: service, "cdrs", body: "copied", atLeast: 1).first)
                #expect(copy.header(OCPIHeader.copyID) != nil)
            }
        }

        @Test func aResultIsCopiedWithoutItsToken() async throws {
            let nodes = try nodes()
            let recipient = try TwoNodeNetwork.Place.near.party("RCV")
            let command = #"{"response_url":"\#(nodes.url)/DE-MSP/commands/STOP_SESSION/1","session_id":"1"}"#
            let answer = try await nodes.call(
                "POST", "/ocpi/receiver/2.2.1/commands/STOP_SESSION", to: recipient, body: ByteBuffer(string: command))
            #expect(answer.code == 1000)
            let body = try #require(nodes.replies.seen(by: recipient, "commands").first?.body)
            let url = try #require(body.jsonString(["response_url"]))
            let result = try await nodes.call(
                "POST", url: url, from: recipient, to: nodes.sender, body: ByteBuffer(string: #"{"result":"ACCEPTED"}"#))
            #expect(result.code == 1000, "\(result)")
            for service in try TwoNodeNetwork.Place.allCases.map({ try $0.party("SRV") }) {
                let copy = try #require(try await nodes.replies.seen(by: service, "commands", body: "ACCEPTED", atLeast: 1).first)
                #expect(copy.path == "/\(service)/commands/STOP_SESSION" && copy.header(OCPIHeader.copyID) != nil)
            }
        }
    }
}
