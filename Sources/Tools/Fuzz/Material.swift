import NIOCore
package import Notary
package import OCPI
package import Topics

/// The data from which the inputs of a run are made.
package struct Material: Sendable {
    /// The node's public URL, without a trailing slash.
    package var publicURL: String
    /// `Authorization` of the platform of ``sender``.
    package var authorization: String
    /// `Authorization` of a platform that may lose its registration by an input.
    package var disposable: String
    /// `Authorization` with a token A.
    package var invitation: String
    /// A CPO that is connected.
    package var sender: PartyID
    /// An eMSP that is connected.
    package var receiver: PartyID
    /// A service with an outbox, which is connected.
    package var service: PartyID
    /// A party of another node.
    package var remote: PartyID
    /// The other node's key.
    package var remoteKey: SigningKey
    /// A party in the registry that is not connected.
    package var absent: PartyID
    /// Prefix of the receiver's endpoints.
    package var receiverURL: String
    /// The node's topics.
    package var topics: TopicNames

    package init(
        publicURL: String, authorization: String, disposable: String, invitation: String, sender: PartyID, receiver: PartyID,
        service: PartyID, remote: PartyID, remoteKey: SigningKey, absent: PartyID, receiverURL: String, topics: TopicNames
    ) {
        self.publicURL = publicURL
        self.authorization = authorization
        self.disposable = disposable
        self.invitation = invitation
        self.sender = sender
        self.receiver = receiver
        self.service = service
        self.remote = remote
        self.remoteKey = remoteKey
        self.absent = absent
        self.receiverURL = receiverURL
        self.topics = topics
    }

    /// Texts that must not be printed.
    var secrets: [String] {
        [authorization, disposable, invitation].compactMap { $0.split(separator: " ").last.map(String.init) }.filter { !$0.isEmpty }
    }

    /// Host and port, like `127.0.0.1:8080`.
    var host: String { publicURL.split(separator: "/").last.map(String.init) ?? "a" }
}
