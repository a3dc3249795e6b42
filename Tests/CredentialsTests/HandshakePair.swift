import Credentials
import Encoding
import Logging
import NIOCore
import OCPI
import Synchronization

@testable import Directory

/// A node without Kafka that calls a platform without sockets: the test defines the platform's answers.
///
/// `AT-NEW` and `FR-OFF` are listed under this node, `NL-REM` under another one; `DE-CPO` is connected here through another platform.
final class HandshakePair: Sendable {
    /// A call of the platform.
    struct Call: Sendable {
        let method: Method
        let url: String
        let authorization: String
        let body: JSONValue?
    }

    struct State {
        var directory: Directory
        var calls: [Call] = []
        /// Writes that fail from now on.
        var failsWrites = false
        /// The number of the first failing write; all later ones fail too.
        var failsFrom = Int.max
        /// Changes of other processes at the same time: they precede each of our writes in the log; writes are counted from 0.
        var others: (@Sendable (_ write: Int, Directory) -> [FactChange])?
        var writes = 0
    }

    /// The platform; nil for no answer. It gets the node's state at the time of the call.
    typealias Peer = @Sendable (_ call: Call, _ directory: Directory) -> PeerAnswer?

    static let ownAddress = "0x00000000000000000000000000000000000000aa"
    static let secrets = NodeSecrets(current: Array("a secret for tests".utf8))
    static let tokenA = Token("their-token-a")
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let state: Mutex<State>
    private let peer: Peer
    private let overlap: Duration

    init(overlap: Duration = .zero, peer: @escaping Peer = HandshakePair.friendly()) {
        self.peer = peer
        self.overlap = overlap
        var directory = Directory(secrets: HandshakePair.secrets)
        let other = "0x00000000000000000000000000000000000000bb"
        let parties = [
            ("AT-NEW", HandshakePair.ownAddress), ("FR-OFF", HandshakePair.ownAddress), ("DE-CPO", HandshakePair.ownAddress),
            ("NL-REM", other),
        ]
        var facts = parties.compactMap { name, address in
            PartyID(name).map { Fact.party(NetworkParty(party: $0, roles: ["CPO"], operatorAddress: address, source: "test")) }
        }
        facts += [
            .platform(
                Platform(id: "cpo", tokenCHashes: [TokenHash.of(Token("c"))], roles: [PlatformRole(role: "CPO", party: party("DE-CPO"))])),
            .claim(PartyClaim(party: party("DE-CPO"), platform: "cpo", since: Timestamp(milliseconds: 1))),
        ]
        for fact in facts { directory.apply(key: fact.key, fact) }
        state = Mutex(State(directory: directory))
    }

    var directory: Directory { state.withLock { $0.directory } }
    var calls: [Call] { state.withLock { $0.calls } }

    /// `GET` and the like with the last part of the URL, in order.
    var journal: [String] { calls.map { "\($0.method) \($0.url.split(separator: "/").last ?? "")" } }

    func apply(_ changes: [FactChange]) { state.withLock { $0.directory.apply(changes) } }

    func put(_ facts: Fact...) { apply(facts.map(FactChange.put)) }

    var shared: SharedState {
        SharedState(
            directory: { self.directory },
            write: { (changes) throws(StateError) in
                if self.state.withLock({ $0.failsWrites || $0.writes >= $0.failsFrom }) {
                    throw StateError(description: "refused by the test")
                }
                self.state.withLock { state in
                    let others = state.others?(state.writes, state.directory) ?? []
                    state.directory.apply(others)
                    state.writes += 1
                }
                self.apply(changes)
            })
    }

    /// Sets changes that other processes write at the same time as we do.
    func meanwhile(_ others: @escaping @Sendable (_ write: Int, Directory) -> [FactChange]) {
        state.withLock {
            $0.others = others
            $0.writes = 0
        }
    }

    var registrationWriter: RegistrationWriter {
        RegistrationWriter(
            state: shared, secrets: HandshakePair.secrets, nodeAddress: HandshakePair.ownAddress, hub: party("CH-OCN"),
            tokenOverlap: overlap,
            logger: HandshakePair.silent)
    }

    var handshake: Handshake {
        Handshake(
            hub: HubCredentials(publicURL: "https://hub.example/", party: party("CH-OCN"), name: "Hub"),
            peers: PeerClient { method, url, authorization, body throws(OCPIError) in
                let call = Call(method: method, url: url, authorization: authorization, body: body.flatMap { try? JSONValue.parse($0) })
                let directory = self.state.withLock { state in
                    state.calls.append(call)
                    return state.directory
                }
                guard let answer = self.peer(call, directory) else {
                    throw OCPIError(code: .unableToUseClientAPI, message: "\(url) did not answer")
                }
                return answer
            },
            registrationWriter: registrationWriter, logger: HandshakePair.silent)
    }

    /// A platform that answers correctly.
    static func friendly(
        versions: [String] = ["9.9", "2.2.1", "2.2"], endpoints: [String] = ["credentials", "locations"],
        roles: [(String, String)] = [("CPO", "AT-NEW")], token: String = "their-token-c"
    ) -> Peer {
        { call, _ in
            switch call.url {
            case "https://peer.example/versions":
                return ok(.array(versions.map { ["version": .string($0), "url": .string("https://peer.example/\($0)")] }))
            case "https://peer.example/2.2", "https://peer.example/2.2.1":
                let list: [JSONValue] = endpoints.map {
                    ["identifier": .string($0), "role": "RECEIVER", "url": .string("https://peer.example/ep/\($0)")]
                }
                return ok(["version": "?", "endpoints": .array(list)])
            case "https://peer.example/ep/credentials":
                return call.method == .delete ? ok(nil) : ok(credentials(roles: roles, token: token))
            default: return nil
            }
        }
    }

    static func credentials(roles: [(String, String)], token: String) -> JSONValue {
        [
            "token": .string(token), "url": "https://peer.example/versions",
            "roles": .array(
                roles.map {
                    [
                        "role": .string($0), "country_code": .string(String($1.prefix(2))), "party_id": .string(String($1.suffix(3))),
                        "business_details": ["name": "Peer"],
                    ]
                }),
        ]
    }

    static func ok(_ data: JSONValue?) -> PeerAnswer { PeerAnswer(httpStatus: 200, body: Envelope.success(data: data)) }

    static func refusal(_ httpStatus: Int, _ code: Int? = nil) -> PeerAnswer {
        let body = code.map { Envelope.error(code: StatusCode(rawValue: $0), message: "no") } ?? ByteBuffer(string: "no")
        return PeerAnswer(httpStatus: httpStatus, body: body)
    }
}

extension Directory {
    mutating func apply(_ changes: [FactChange]) {
        for change in changes {
            switch change {
            case .put(let fact): apply(key: fact.key, fact)
            case .delete(let key): apply(key: key, nil)
            }
        }
    }
}

extension Platform {
    /// The platform without its revision.
    var unrevised: Platform {
        var platform = self
        platform.revision = 0
        return platform
    }
}

func party(_ text: String) -> PartyID {
    guard let party = PartyID(text) else { preconditionFailure("not a party: \(text)") }
    return party
}
