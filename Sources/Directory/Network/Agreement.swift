package import OCPI

/// "This user's requests may be copied to this provider's service", in force while the record exists.
package struct Agreement: Sendable, Equatable {
    /// The party whose requests are copied.
    package var user: PartyID
    /// The party that offers the service.
    package var provider: PartyID
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say.
    package init(user: PartyID, provider: PartyID, source: String) {
        self.user = user
        self.provider = provider
        self.source = source
    }
}
