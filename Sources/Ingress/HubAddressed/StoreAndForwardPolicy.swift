import Directory
import OCPI
import Topics

/// Store and forward: which requests the hub answers by itself because an operator's rule says so. Pure.
enum StoreAndForwardPolicy {
    /// Whether the hub stores the request, instead of waiting for what the recipient says.
    ///
    /// Only for recipients that are connected here and have the interface: the others are answered for as usual. And only for objects of the
    /// sender's own. Of what is stored nobody tells a sender that it wrote somebody else's object, and what it writes takes the place of
    /// what waits.
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
