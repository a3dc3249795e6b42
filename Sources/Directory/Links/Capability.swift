import Crypto
package import Encoding
package import NIOCore
package import OCPI

/// The target of a hub URL: a page link, a CDR location or a `response_url` of a party, handed to another party.
package struct Capability: Sendable, Equatable {
    /// The kind of a hub URL.
    package enum Kind: UInt8, Sendable {
        /// The next page of a list.
        case page = 1
        /// One object, e.g. a CDR by its `Location`.
        case object = 2
        /// A `response_url`.
        case callback = 3
    }

    /// The destination of a hub URL.
    package enum Target: Sendable, Equatable {
        /// Below an endpoint of the owner; `remainder` includes the query. Follows the owner's endpoints when they change.
        case below(ModuleID, InterfaceRole, remainder: String)
        /// An absolute URL.
        case url(String)
    }

    /// The kind of URL.
    package var kind: Kind
    /// The party that owns the target URL.
    package var owner: PartyID
    /// The only party that may call it.
    package var user: PartyID
    /// The destination.
    package var target: Target
    /// When it becomes invalid.
    package var expires: Timestamp

    package init(kind: Kind, owner: PartyID, user: PartyID, target: Target, expires: Timestamp) {
        self.kind = kind
        self.owner = owner
        self.user = user
        self.target = target
        self.expires = expires
    }

    /// The party whose request made the URL necessary: it sent the `response_url`, or requested the page or the CDR's location.
    package var requester: PartyID { kind == .callback ? owner : user }

    /// The number of places it takes in the store: one, and one more for each 512 bytes of its URL, so that long URLs count like several
    /// short ones.
    var places: Int {
        switch target {
        case .url(let text), .below(_, _, let text): 1 + text.utf8.count / 512
        }
    }

    /// The absolute URL to call; nil if the owner no longer has that endpoint.
    package func url(in directory: Directory) -> String? {
        switch target {
        case .url(let url): return url
        case .below(let module, let interface, let remainder):
            guard let platform = directory.platform(of: owner), let base = directory.endpoint(of: platform.id, module, interface) else {
                return nil
            }
            return Self.join(base, remainder)
        }
    }

    /// When the hub URL for a request's `response_url` expires. A reservation may be cancelled by it until it ends (OCPI 2.2.1, 13.1).
    /// - Parameter lifetime: milliseconds, from now or from the end of the reservation.
    package static func callbackExpiry(
        _ module: ModuleID, path: String, body: ByteBuffer?, now: Timestamp = .now, lifetime: Int64
    ) -> Timestamp {
        var end = now
        if module == .commands, path == "RESERVE_NOW", let expiry = body?.jsonString(["expiry_date"]).flatMap(Timestamp.init(rfc3339:)) {
            end = max(now, min(expiry, now.adding(milliseconds: longestReservation)))
        }
        return end.adding(milliseconds: lifetime)
    }

    private static let longestReservation: Int64 = 365 * 86_400_000

    /// The longest lifetime of a hub URL, in milliseconds: CDRs are readable for 400 days, and one more day allows for clock differences.
    package static let longestLifetime: Int64 = 401 * 86_400_000

    /// Whether this stored capability can replace another: it is equal and has more than half of the other's lifetime left. A result may
    /// arrive long after a reservation has ended, so at most half a day of that time may be lost.
    func suffices(for other: Capability, _ now: Timestamp) -> Bool {
        guard says(other) else { return false }
        let missing = other.expires.milliseconds - expires.milliseconds
        return 2 * missing < other.expires.milliseconds - now.milliseconds && (kind != .callback || missing <= Self.halfADay)
    }

    /// Whether this one equals another, apart from the expiry.
    func says(_ other: Capability) -> Bool {
        var same = self
        same.expires = other.expires
        return same == other
    }

    private static let halfADay: Int64 = 43_200_000

    /// The id under which the owner's node stores that it gave this URL to the user's node, which may request it by the URL itself. It
    /// cannot be guessed from the parties, and its length does not depend on the URL.
    package var handedOutID: String {
        let url = if case .url(let url) = target { url } else { "" }
        let text = "\(kind.rawValue) \(owner.canonical) \(user.canonical) \(url)"
        return Self.handedOutPrefix + Base64.encodeURL(Array(SHA256.hash(data: Array(text.utf8)).prefix(24)))
    }

    /// The beginning of ids that no other node may choose.
    package static let handedOutPrefix = "handed-out-"

    /// The target as a remainder below one of the owner's endpoints, if both together give exactly the same URL; else the URL itself.
    package static func target(
        _ url: String, of owner: PartyID, _ module: ModuleID, _ interface: InterfaceRole, in directory: Directory
    )
        -> Target
    {
        guard let platform = directory.platform(of: owner), let base = directory.endpoint(of: platform.id, module, interface) else {
            return .url(url)
        }
        let place = base.utf8.prefix { $0 != UInt8(ascii: "?") }
        let trimmed = place.last == UInt8(ascii: "/") ? place.dropLast() : place
        guard url.utf8.starts(with: trimmed) else { return .url(url) }
        var remainder = url.utf8.dropFirst(trimmed.count)
        if remainder.first == UInt8(ascii: "/") { remainder.removeFirst() }
        let text = String(decoding: remainder, as: UTF8.self)
        return Self.join(base, text).utf8.elementsEqual(url.utf8) ? .below(module, interface, remainder: text) : .url(url)
    }

    private static func join(_ base: String, _ remainder: String) -> String {
        let parts = remainder.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return URLJoin.join(base, String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil)
    }
}

// The encrypted form is short, because OCPI allows URLs of 255 characters: kind, expiry in minutes, two parties, target.
extension Capability {
    var sealedForm: [UInt8] {
        let minutes = UInt32(clamping: expires.milliseconds / 60_000)
        var bytes = [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: minutes >> (24 - 8 * UInt32($0))) }
        bytes += (owner.country + owner.party + user.country + user.party).utf8
        switch target {
        case .below(let module, let interface, let remainder):
            bytes += "\(interface == .sender ? "S" : "R")\(module.rawValue)\n\(remainder)".utf8
        case .url(let url): bytes += "U\(url)".utf8
        }
        return bytes
    }

    init?(sealedForm bytes: [UInt8]) {
        guard bytes.count > 16, let kind = Kind(rawValue: bytes[0]),
            let parties = String(validating: bytes[5..<15], as: UTF8.self), parties.utf8.count == 10,
            let text = String(validating: bytes[16...], as: UTF8.self)
        else { return nil }
        let letters = Array(parties)
        guard letters.count == 10, let owner = PartyID(country: String(letters[0..<2]), party: String(letters[2..<5])),
            let user = PartyID(country: String(letters[5..<7]), party: String(letters[7..<10]))
        else { return nil }
        let minutes = bytes[1..<5].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let target: Target
        switch bytes[15] {
        case UInt8(ascii: "U"): target = .url(text)
        case UInt8(ascii: "S"), UInt8(ascii: "R"):
            let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            target = .below(
                ModuleID(rawValue: String(parts[0])), bytes[15] == UInt8(ascii: "S") ? .sender : .receiver, remainder: String(parts[1]))
        default: return nil
        }
        self.init(kind: kind, owner: owner, user: user, target: target, expires: Timestamp(milliseconds: minutes * 60_000))
    }
}

// The form in `ocn.links`.
extension Capability {
    var json: JSONValue {
        var members: [JSONMember] = [
            JSONMember(name: "kind", value: .number(String(kind.rawValue))),
            JSONMember(name: "owner", value: .string(owner.description)), JSONMember(name: "user", value: .string(user.description)),
            JSONMember(name: "expires", value: .string(expires.description)),
        ]
        switch target {
        case .url(let url): members.append(JSONMember(name: "url", value: .string(url)))
        case .below(let module, let interface, let remainder):
            members += [
                JSONMember(name: "module", value: .string(module.rawValue)),
                JSONMember(name: "role", value: .string(interface.rawValue)), JSONMember(name: "remainder", value: .string(remainder)),
            ]
        }
        return .object(members)
    }

    init?(json: JSONValue) {
        guard let kind = json["kind"]?.int.flatMap(UInt8.init(exactly:)).flatMap(Kind.init(rawValue:)),
            let owner = json["owner"]?.string.flatMap({ PartyID($0) }), let user = json["user"]?.string.flatMap({ PartyID($0) }),
            let expires = json["expires"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        let target: Target
        if let url = json["url"]?.string {
            target = .url(url)
        } else if let module = json["module"]?.string, let interface = json["role"]?.string.flatMap(InterfaceRole.init(rawValue:)),
            let remainder = json["remainder"]?.string
        {
            target = .below(ModuleID(rawValue: module), interface, remainder: remainder)
        } else {
            return nil
        }
        self.init(kind: kind, owner: owner, user: user, target: target, expires: expires)
    }
}
