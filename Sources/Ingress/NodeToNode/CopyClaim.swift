import Directory
import HTTPTypes
import Hummingbird
import OCPI

/// What another node says of a message: that it is a copy for a service here, and under which id the service is to know it.
///
/// The header is not signed. It opens nothing but what the service may get copies of and the sender has agreed to.
struct CopyClaim: Sendable {
    /// Nil for what is no copy, and for what the service is owed no copy of.
    let id: String?
    /// It is the result of a command or charging profile, whose place at the service has no token at its end.
    let isResult: Bool

    init(_ message: OCNMessage, _ head: RequestHead, in directory: Directory) {
        let isPossible = !message.isCustom && message.proxyUID == nil && message.proxyResource == nil
        id = isPossible && CopyClaim.isOwed(message, in: directory) ? head.copyID.flatMap { CopyClaim.isID($0) ? $0 : nil } : nil
        isResult = id != nil && CopyClaim.isResult(message)
    }

    /// As MATCHER judges it where the sender is connected.
    private static func isOwed(_ message: OCNMessage, in directory: Directory) -> Bool {
        directory.hasAgreement(user: message.sender, provider: message.receiver)
            && directory.service(message.receiver)?.permission(for: message.module, message.interface) != nil
    }

    private static func isID(_ text: String) -> Bool { 1...64 ~= text.utf8.count && text.utf8.allSatisfy(URLText.isUnreserved) }

    private static func isResult(_ message: OCNMessage) -> Bool {
        let path = URLJoin.trimmed(URLText.path(message.urlPath ?? ""))
        let route = ModuleRoute(
            version: .v2_2, module: message.module, interface: message.interface, remainder: path.isEmpty ? "-" : path + "/-")
        if case .callback = ModuleTable.capability(message.method, route) { return true }
        return false
    }
}

extension Response {
    /// To another node: nothing was done.
    func saying(_ notDone: NotDone?) -> Response {
        var response = self
        if let notDone, let name = HTTPField.Name(OCPIHeader.notDone) { response.headers[name] = notDone.rawValue }
        return response
    }
}
