package import Directory
import OCPI
package import Topics

/// Store and forward: what becomes of a request that INGRESS answered by an operator's rule. Pure.
package enum StoreAndForward {
    /// What the recipient gets: the request as its sender wrote it, with the sender's signature, which still fits. Nil unless the request
    /// is marked as stored.
    ///
    /// Whether the rule still stands does not matter: the sender was told that the hub has it.
    package static func announcement(of request: RequestRecord, in directory: Directory) -> AnnouncementRecord? {
        guard request.isStored, request.origin != .hub, request.target == nil, request.module.isFunctional else { return nil }
        var announced = request
        announced.id = Fanout.announcementID(of: request, for: request.to)
        // What this was judged by: whoever looks for the recipient again must have read at least as far.
        announced.stateVersion = directory.version
        return AnnouncementRecord(request: announced)
    }
}
