import Crypto
package import Directory
import Encoding
import NIOCore
package import OCPI
package import Topics

/// The permission matcher: which copies a request gives rise to. Pure.
package enum Fanout {
    /// The copies of one request, one per service that its sender agreed to and that asks for this module and interface.
    ///
    /// Custom modules are never copied, and a message from another node is not copied again: the sender's own node does that.
    /// Of requests to a URL that the hub handed out, only callbacks are copied, and without the part that stands for the real URL:
    /// reading a page or a CDR by such a URL says nothing to a service, which could only answer that it does not know it.
    /// A service whose OcnRules want signatures gets no copy of what is not signed.
    /// Source: OCN Service Interface; OCN node 1.1, Permissions.
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
            // What this was judged by: whoever checks the agreement again must have read at least as far.
            copy.request.stateVersion = directory.version
            if isCapability { copy.request.path = withoutToken(request.path) }
            return copy
        }
    }

    /// `START_SESSION/<token>` without the token.
    private static func withoutToken(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// The same copy always has the same id, also when the client repeats its request or this record is matched twice: a hash of
    /// sender, `X-Request-ID`, method, place, body and recipient; 32 hex digits.
    package static func copyID(of request: RequestRecord, for recipient: PartyID) -> String { id("copy", request, recipient) }

    /// The same for what a recipient is told of a broadcast or a stored request; never the id of a copy.
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
            // Length first: two different lists of parts never run together into the same bytes.
            hash.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        hash.update(data: Array(body.finalize()))
        return Hex.encode(hash.finalize().prefix(16))
    }
}
