import Directory
import Logging
import NIOCore
import NIOPosix
import Notary
import OCPI
import Testing
import Wire

/// What several tests need.
enum Fixture {
    static let key = SigningKey(hex: String(repeating: "11", count: 32))
    static let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let secrets = NodeSecrets(current: Array("a secret for tests".utf8))

    /// A platform that registered for its parties, and where its endpoints are.
    static func platform(
        _ id: String, _ parties: [String], url: String, _ endpoints: [(ModuleID, InterfaceRole)], status: PlatformStatus = .connected
    ) throws -> [Fact] {
        var facts: [Fact] = [
            .status(platform: id, status, Timestamp(milliseconds: 1)),
            .platform(
                Platform(
                    id: id, tokenCHashes: [TokenHash.of(Token("c-\(id)"))], outboundToken: secrets.seal(Token("b-\(id)")),
                    versionsURL: url + "/versions")),
            .endpoints(
                platform: id,
                endpoints.map { Endpoint(module: $0.0, interface: $0.1, url: "\(url)/\($0.1.path)/\($0.0)") }),
        ]
        for party in parties {
            facts.append(
                .claim(PartyClaim(party: try #require(PartyID(party)), platform: id, since: Timestamp(milliseconds: 1))))
        }
        return facts
    }

    static func directory(_ facts: [Fact]) -> Directory {
        var directory = Directory(secrets: secrets)
        for fact in facts { directory.apply(key: fact.key, fact) }
        return directory
    }
}
