import Directory
import OCPI
import Topics

/// Decides by the operator's rules which requests the hub stores and answers itself. A pure function of the snapshot.
enum StoreAndForwardPolicy {
    /// Whether the hub stores the request instead of waiting for the recipient's answer.
    ///
    /// Only for recipients that are connected here and have the interface; for others the usual errors are better. And only for objects of
    /// the sender itself: no recipient's answer would reject a foreign object, and its write would supersede those that wait.
    /// - Parameters:
    ///   - request: as it would be sent to the recipient.
    ///   - isOwn: whether the sender may write objects of that party.
    static func applies(to request: RequestRecord, in directory: Directory, isOwn: (PartyID) -> Bool) -> Bool {
        guard request.interface == .receiver, request.target == nil,
            directory.isStored(to: request.to, module: request.module, method: request.method),
            let platform = directory.platform(of: request.to), directory.endpoint(of: platform.id, request.module, .receiver) != nil
        else { return false }
        guard ModuleTable.allows(request.method, request.route), let owner = ObjectPath(request.path).owner else { return false }
        return isOwn(owner) && BroadcastOwner.isOwner(owner, of: request.body)
    }
}
