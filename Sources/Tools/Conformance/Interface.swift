import Encoding
import OCPI

/// One interface of a module.
struct Interface: Sendable, Hashable {
    let module: ModuleID
    let role: InterfaceRole

    init(_ module: ModuleID, _ role: InterfaceRole) {
        self.module = module
        self.role = role
    }
}
