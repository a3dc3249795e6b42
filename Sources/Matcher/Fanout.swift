import Crypto
package import Directory
import Encoding
import NIOCore
package import OCPI
package import Topics

/// The permission matcher: the copies of a request. Pure functions.
package enum Fanout {
    /// The copies of one request, one per service that its sender agreed to and whose permissions cover this module and interface.
    ///
    /// Custom modules are never copied, and a message from another node is not copied again, because the sender's own node does that. Of
    /// the requests to hub URLs, only callbacks are copied, and without their token: a service can do nothing with a page or CDR request to
    /// such a URL. A service whose OcnRules require signatures gets no copy of an unsigned request. Source: OCN Service Interface; OCN node
    /// 1.1, Permissions.
    package static func copies(of request: RequestRecord, in directory: Directory) -> [CopyRecord] {
        guard request.origin == .local, request.module.isFunctional else { return [] }
        let isCapability = request.target != nil
        if isCapability, request.method.isRead { return [] }
        return directory.services(agreedBy: request.from).compactMap { service in
            guard let permission = service.permission(for: request.module, request.interface),
                directory.isContent(service.provider, withSignature: request.signature)
            else { return nil }
            var copy = CopyRecord(
                of: request, id: copyID(of: request, for: service.provider), for: service.provider, permission: permission)
            // The state on which this decision depends: PUSH must have read at least as far before it checks the agreement.
            copy.request.stateVersion = directory.version
            if isCapability { copy.request.path = withoutToken(request.path) }
            return copy
        }
    }

    /// `START_SESSION/<token>` without the token.
    private static func withoutToken(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// The id of a copy. It is deterministic, also when the client repeats its request or this record is matched twice: a hash of sender,
    /// `X-Request-ID`, method, path, body and recipient; 32 hex digits.
    package static func copyID(of request: RequestRecord, for recipient: PartyID) -> String { id("copy", request, recipient) }

    /// The deterministic id of an announcement, for a broadcast or a stored request; never equals the id of a copy.
    package static func announcementID(of request: RequestRecord, for recipient: PartyID) -> String {
        id("announcement", request, recipient)
    }

    private static func id(_ kind: String, _ request: RequestRecord, _ recipient: PartyID) -> String {
        let parts = [
            kind, request.from.canonical.description, request.requestID, recipient.canonical.description, request.method.rawValue,
            request.module.rawValue, request.interface.rawValue, request.path, request.query ?? "",
        ]
        var body = SHA256()
        if let bytes = request.body { body.update(data: Array(bytes.readableBytesView)) }
        var hash = SHA256()
        for part in parts {
            // Length first, so that two different lists of parts never make the same bytes.
            hash.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        hash.update(data: Array(body.finalize()))
        return Hex.encode(hash.finalize().prefix(16))
    }
}
