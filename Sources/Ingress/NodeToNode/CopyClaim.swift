import Directory
import HTTPTypes
import Hummingbird
import OCPI

/// Another node's header that marks a message as a copy for a service of this node, with the copy's id.
///
/// The header is not signed. It permits only messages that the service may receive copies of under its agreement with the sender.
struct CopyClaim: Sendable {
    /// Nil if the message is no copy, or if no agreement permits the copy.
    let id: String?
    /// Whether the copy is the result of a command or charging profile, whose URL at the service has no token at its end.
    let isResult: Bool

    init(_ message: OCNMessage, _ head: RequestHead, in directory: Directory) {
        let isPossible = !message.isCustom && message.proxyUID == nil && message.proxyResource == nil
        id = isPossible && CopyClaim.isServiceCopy(message, in: directory) ? head.copyID.flatMap { CopyClaim.isID($0) ? $0 : nil } : nil
        isResult = id != nil && CopyClaim.isResult(message)
    }

    /// The same rule as in MATCHER for senders of this node.
    private static func isServiceCopy(_ message: OCNMessage, in directory: Directory) -> Bool {
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
    /// Adds the header `OCN-Not-Done` for another node.
    func adding(_ notDone: NotDone?) -> Response {
        var response = self
        if let notDone, let name = HTTPField.Name(OCPIHeader.notDone) { response.headers[name] = notDone.rawValue }
        return response
    }
}
