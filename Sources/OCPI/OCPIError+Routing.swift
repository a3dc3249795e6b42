// The hub's own answers on the data path, when there is no answer of the recipient to forward. The nodes of the caller and of the recipient
// both use them, and `OCPIError` adapts them to each version, so that a caller gets the same answer wherever its recipient is connected.
extension OCPIError {
    // MARK: The recipient

    /// No node has this party.
    package static func unknownReceiver(_ party: PartyID) -> OCPIError {
        OCPIError(code: .unknownReceiver, message: "\(party) is not on the network", notDone: .hindered)
    }

    /// The registry lists the party, but its node does not have it.
    package static func notConnected(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is on the network but not connected to its node", notDone: .hindered)
    }

    /// The party's status does not allow calls.
    /// - Parameter status: OFFLINE, PLANNED or SUSPENDED.
    package static func notCalled(_ party: PartyID, _ status: String) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is \(status): it is not called", notDone: .hindered)
    }

    /// The party registered without a token for its node.
    package static func noToken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) gave no token to call it with", notDone: .hindered)
    }

    /// The party's node has lost the secret that decrypts its token.
    package static func unreadableToken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .hubError, message: "The node cannot decrypt its token for \(party)", notDone: .hindered)
    }

    /// The party has not advertised that interface.
    package static func notImplemented(_ party: PartyID, _ module: ModuleID, _ interface: InterfaceRole) -> OCPIError {
        OCPIError(
            code: .invalidParameters, message: "\(party) does not implement the \(interface.path) interface of \(module)",
            notDone: .hindered)
    }

    /// The advertised URL of that interface cannot be called.
    /// - Parameter defect: the end of a sentence about the URL.
    package static func unusableEndpoint(
        _ party: PartyID, _ module: ModuleID, _ interface: InterfaceRole, _ defect: String
    ) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "The URL that \(party) registered for the \(interface.path) interface of \(module) \(defect): "
                + "its platform must register a good one", notDone: .hindered)
    }

    /// The path below the endpoint is not defined by the module.
    package static func notOfModule(_ party: PartyID, _ module: ModuleID) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "This leads to credentials, versions or client infos of \(party), which are not part of \(module): nothing was sent")
    }

    /// The recipient's queue is full.
    package static func recipientBusy(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is busy: too many requests wait for it")
    }

    /// The circuit breaker is open: the recipient has not answered for a while.
    package static func heldBack(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is not answering; calls are held back until it does")
    }

    // MARK: The call

    /// The recipient could not be reached; nothing was sent.
    package static func notReached(_ party: PartyID, _ reason: String) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) could not be reached: \(reason)")
    }

    /// The registry names a node for the party that it does not list; nothing was sent.
    package static func nodeNotListed(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is on the network, but its node is not listed", notDone: .hindered)
    }

    /// The request exceeds the size limit of outbound requests; nothing was sent.
    package static func notSendable(_ reason: String) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "The request cannot be sent on: \(reason)")
    }

    /// No answer came before the deadline, whether or not the request was sent.
    package static func noAnswer(_ party: PartyID) -> OCPIError {
        OCPIError(code: .timeout, message: "No answer from \(party) in time")
    }

    /// The process that may have sent the request has ended, so its outcome is unknown.
    package static func unknownOutcome(_ party: PartyID) -> OCPIError {
        OCPIError(code: .timeout, message: "Whether \(party) has got the request is not known: the worker that had it is gone")
    }

    /// The node that waited for the answer cannot receive it any more.
    /// - Parameter cause: what happened, as the beginning of a sentence.
    package static func lostAnswer(_ party: PartyID, _ cause: String) -> OCPIError {
        OCPIError(code: .hubError, message: "\(cause): whether \(party) has got the request is not known")
    }

    /// The recipient, or a proxy before it, refuses the hub's token. The caller would take its answer for a refusal of its own token.
    package static func tokenRefused(_ party: PartyID, httpStatus: Int) -> OCPIError {
        OCPIError(
            code: .connectionProblem,
            message: "\(party) does not accept the hub's own token (HTTP \(httpStatus)): they must renew their credentials")
    }

    /// The recipient's redirect is not followed, because it would bypass the hub.
    package static func redirected(_ party: PartyID, httpStatus: Int) -> OCPIError {
        OCPIError(
            code: .hubError,
            message: "\(party) answers with a redirect (HTTP \(httpStatus)), which is not followed: it must register the URL itself")
    }

    /// The recipient's answer cannot be forwarded.
    /// - Parameter reason: the fault of the answer.
    package static func unusableAnswer(_ party: PartyID, _ reason: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The answer of \(party) cannot be used: \(reason)")
    }

    // MARK: The node

    /// The node could not store the request; nothing was sent.
    package static let notAccepted = OCPIError(code: .hubError, message: "The node could not accept the request")

    /// The request's deadline passed before its turn; nothing was sent.
    package static func notSentInTime(_ party: PartyID) -> OCPIError {
        OCPIError(code: .hubError, message: "The hub was too slow: nothing was sent to \(party)")
    }

    /// The record of the request has impossible values; nothing was sent.
    package static func implausible(_ fault: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The hub refuses its own record: \(fault)")
    }

    // MARK: Hub URLs

    /// The party has too many hub URLs.
    /// - Parameter limit: the most hub URLs per party.
    package static func tooManyLinks(_ party: PartyID, limit: Int) -> OCPIError {
        OCPIError(
            code: .clientError,
            message:
                "\(party) has \(limit) hub URLs of this kind that have not expired, as many as a party may have; this request would need one "
                + "more. Those of pages expire within two hours, those of results within a day. A short response_url below the sender's own "
                + "endpoint of the module needs none at its own node, and an operator may allow more (hub.links_per_party)")
    }

    /// The id of a hub URL is in use; nothing was sent.
    package static func linkTaken(_ what: String) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "The id for the \(what) (proxy_uid) stands for a URL of another party: nothing was sent. Choose a new one")
    }

    /// Kafka did not store the hub URL.
    package static func linkNotStored(_ what: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The node could not store a URL of its own for the \(what)")
    }

    // MARK: Versions

    /// The error as a version defines it: 2.2 has no 4000.
    package func adapted(to version: OCPIVersion) -> OCPIError {
        guard version == .v2_2, code == .hubError else { return self }
        return OCPIError(code: .serverError, message: message, kind: kind, notDone: notDone)
    }
}
