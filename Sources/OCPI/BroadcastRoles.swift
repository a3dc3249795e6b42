/// The roles to which a hub forwards a broadcast (OCPI 2.2.1, 4.1.5 Broadcast Push, and 2.1 for the modules of each role).
package enum BroadcastRoles {
    /// The roles of the parties that receive a broadcast of a party with these roles. Empty if it may not broadcast to that module.
    ///
    /// A CPO reaches EMSP, NSP and OTHER, and NAP too, which implements the same receiver interfaces; an EMSP reaches CPO; OTHER reaches
    /// CPO only. If a party has several roles, only those count that own the module's objects: locations and tariffs belong to a CPO,
    /// tokens to an EMSP.
    package static func roles(for module: ModuleID, from senderRoles: some Sequence<String>) -> Set<String> {
        senderRoles.reduce(into: []) { roles, sender in
            switch (sender, module) {
            case ("CPO", .locations), ("CPO", .tariffs): roles.formUnion(["EMSP", "NSP", "NAP", "OTHER"])
            case ("EMSP", .tokens): roles.insert("CPO")
            case ("OTHER", .locations), ("OTHER", .tariffs), ("OTHER", .tokens): roles.insert("CPO")
            default: break
            }
        }
    }
}
