/// "This process leads": acts only while its claim is the newest.
package struct LeaderClaim: Sendable, Equatable {
    /// The process's name.
    package var instance: String
    /// Random per claim.
    package var claim: String

    /// - Parameters: as the properties say.
    package init(instance: String, claim: String) {
        self.instance = instance
        self.claim = claim
    }
}
