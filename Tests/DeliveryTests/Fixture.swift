import Directory
import Encoding
import Logging
import NIOCore
import NIOPosix
import Notary
import OCPI
import Testing

/// Data that several tests use.
enum Fixture {
    static let key = SigningKey(hex: String(repeating: "11", count: 32))
    static let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let secrets = NodeSecrets(current: Array("a secret for tests".utf8))

    /// A platform with registered parties and its endpoints.
    static func platform(
        _ id: String, _ parties: [String], url: String, _ endpoints: [(ModuleID, InterfaceRole)], status: PlatformStatus = .connected
    ) throws -> [Fact] {
        let parties = try parties.map { try #require(PartyID($0)) }
        let facts: [Fact] = [
            .status(platform: id, status, Timestamp(milliseconds: 1)),
            .platform(
                Platform(
                    id: id, tokenCHashes: [TokenHash.of(Token("c-\(id)"))], outboundToken: secrets.seal(Token("b-\(id)")),
                    versionsURL: url + "/versions", roles: parties.map { PlatformRole(role: "CPO", party: $0) })),
            .endpoints(
                platform: id,
                endpoints.map { Endpoint(module: $0.0, interface: $0.1, url: "\(url)/\($0.1.path)/\($0.0)") }),
        ]
        return facts + parties.map { Fact.claim(PartyClaim(party: $0, platform: id, since: Timestamp(milliseconds: 1))) }
    }

    static func directory(_ facts: [Fact]) -> Directory {
        var directory = Directory(secrets: secrets)
        for fact in facts { directory.apply(key: fact.key, fact) }
        return directory
    }
}
