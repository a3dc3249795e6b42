package import Directory
import OCPI
package import Topics

/// Store and forward: the delivery of a request that INGRESS answered by an operator's rule. Pure functions.
package enum StoreAndForward {
    /// The announcement for the recipient: the sender's request with its signature, which still matches. Nil unless the request is marked
    /// as stored.
    ///
    /// It does not matter whether the rule still exists, because the hub has confirmed the request to its sender.
    package static func announcement(of request: RequestRecord, in directory: Directory) -> AnnouncementRecord? {
        guard request.isStored, request.origin != .hub, request.target == nil, request.module.isFunctional else { return nil }
        var announced = request
        announced.id = Fanout.announcementID(of: request, for: request.to)
        // The state on which this decision depends: PUSH must have read at least as far before it looks up the recipient.
        announced.stateVersion = directory.version
        return AnnouncementRecord(request: announced)
    }
}
