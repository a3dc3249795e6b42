import Notary
import OCPI
import Testing
import Topics

@testable import Fuzz

enum Sample {
    static func material() throws -> Material {
        func party(_ id: String) throws -> PartyID { try #require(PartyID(id)) }
        return Material(
            publicURL: "http://127.0.0.1:8080", authorization: "Token c2VjcmV0", disposable: "Token Z29hdA==", invitation: "Token aW52aXRl",
            sender: try party("DE-FZC"), receiver: try party("NL-FZM"), service: try party("DE-FZS"), remote: try party("FR-REM"),
            remoteKey: try #require(SigningKey(hex: String(repeating: "5", count: 64))), absent: try party("AT-FZA"),
            receiverURL: "http://127.0.0.1:9090", topics: TopicNames())
    }
}
