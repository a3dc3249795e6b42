// The hub's own answers on the data path: what a request comes to when there is no answer of its recipient to pass on. The node of the
// caller and the node of the recipient take them from here, and `OCPIError` says how each version sees them, so that a caller gets the same
// answer wherever its recipient is connected.
extension OCPIError {
    // MARK: The recipient

    /// Nobody knows it.
    package static func unknownReceiver(_ party: PartyID) -> OCPIError {
        OCPIError(code: .unknownReceiver, message: "\(party) is not on the network", notDone: .hindered)
    }

    /// The registry lists it, and its node does not have it.
    package static func notConnected(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is on the network but not connected to its node", notDone: .hindered)
    }

    /// - Parameter status: OFFLINE, PLANNED or SUSPENDED.
    package static func notCalled(_ party: PartyID, _ status: String) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is \(status): it is not called", notDone: .hindered)
    }

    /// It registered without a token for its node.
    package static func noToken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) gave no token to call it with", notDone: .hindered)
    }

    /// Its node has lost the secret that opens its token.
    package static func unreadableToken(_ party: PartyID) -> OCPIError {
        OCPIError(code: .hubError, message: "The node cannot open the token that it calls \(party) with", notDone: .hindered)
    }

    /// It has not advertised that interface.
    package static func notImplemented(_ party: PartyID, _ module: ModuleID, _ interface: InterfaceRole) -> OCPIError {
        OCPIError(
            code: .invalidParameters, message: "\(party) does not implement the \(interface.path) interface of \(module)",
            notDone: .hindered)
    }

    /// What it has advertised for that interface cannot be called.
    /// - Parameter defect: the end of a sentence about the URL.
    package static func unusableEndpoint(
        _ party: PartyID, _ module: ModuleID, _ interface: InterfaceRole, _ defect: String
    ) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "The URL that \(party) registered for the \(interface.path) interface of \(module) \(defect): "
                + "its platform must register a good one", notDone: .hindered)
    }

    /// What is asked for lies below the endpoint and is not the module's.
    package static func notOfModule(_ party: PartyID, _ module: ModuleID) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "This leads to credentials, versions or client infos of \(party), which are not part of \(module): nothing was sent")
    }

    /// As much waits for it as may.
    package static func recipientBusy(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is busy: too many requests wait for it")
    }

    /// It has not answered for a while.
    package static func heldBack(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is not answering; calls are held back until it does")
    }

    // MARK: The call

    /// Nothing was sent.
    package static func notReached(_ party: PartyID, _ reason: String) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) could not be reached: \(reason)")
    }

    /// Nothing was sent: the registry names a node for it that it does not list.
    package static func nodeNotListed(_ party: PartyID) -> OCPIError {
        OCPIError(code: .connectionProblem, message: "\(party) is on the network, but its node is not listed", notDone: .hindered)
    }

    /// Nothing was sent, because it would be longer than anything we send.
    package static func notSendable(_ reason: String) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "The request cannot be sent on: \(reason)")
    }

    /// The time is over, whether or not anything was sent.
    package static func noAnswer(_ party: PartyID) -> OCPIError {
        OCPIError(code: .timeout, message: "No answer from \(party) in time")
    }

    /// Whoever had sent it is gone.
    package static func unknownOutcome(_ party: PartyID) -> OCPIError {
        OCPIError(code: .timeout, message: "Whether \(party) has got the request is not known: the worker that had it is gone")
    }

    /// The node that waited for the answer cannot hear of it any more.
    /// - Parameter cause: what happened, as the beginning of a sentence.
    package static func lostAnswer(_ party: PartyID, _ cause: String) -> OCPIError {
        OCPIError(code: .hubError, message: "\(cause): whether \(party) has got the request is not known")
    }

    /// The recipient, or a proxy before it, says that it does not know who calls: the caller would take that for a refusal of its own token.
    package static func tokenRefused(_ party: PartyID, httpStatus: Int) -> OCPIError {
        OCPIError(
            code: .connectionProblem,
            message: "\(party) does not accept the hub's own token (HTTP \(httpStatus)): they must renew their credentials")
    }

    /// It would lead around the hub.
    package static func redirected(_ party: PartyID, httpStatus: Int) -> OCPIError {
        OCPIError(
            code: .hubError,
            message: "\(party) answers with a redirect (HTTP \(httpStatus)), which is not followed: it must register the URL itself")
    }

    /// - Parameter reason: what is wrong with the answer.
    package static func unusableAnswer(_ party: PartyID, _ reason: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The answer of \(party) cannot be used: \(reason)")
    }

    // MARK: The node

    /// Nothing was sent.
    package static let notAccepted = OCPIError(code: .hubError, message: "The node could not accept the request")

    /// Nothing was sent, because the node came to it when its time was over.
    package static func notSentInTime(_ party: PartyID) -> OCPIError {
        OCPIError(code: .hubError, message: "The hub was too slow: nothing was sent to \(party)")
    }

    /// Nothing was sent, because the record of the request says what cannot be.
    package static func implausible(_ fault: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The hub refuses its own record: \(fault)")
    }

    // MARK: Hub URLs

    /// - Parameter limit: how many a party may have.
    package static func tooManyLinks(_ party: PartyID, limit: Int) -> OCPIError {
        OCPIError(
            code: .clientError,
            message:
                "\(party) has \(limit) hub URLs of this kind that have not expired, as many as a party may have; this request would need one "
                + "more. Those of pages expire within two hours, those of results within a day. A short response_url below the sender's own "
                + "endpoint of the module needs none at its own node, and an operator may allow more (hub.links_per_party)")
    }

    /// Nothing was sent.
    package static func linkTaken(_ what: String) -> OCPIError {
        OCPIError(
            code: .invalidParameters,
            message: "The id for the \(what) (proxy_uid) stands for a URL of another party: nothing was sent. Choose a new one")
    }

    /// The hub's store did not take it.
    package static func linkNotStored(_ what: String) -> OCPIError {
        OCPIError(code: .hubError, message: "The node could not store a URL of its own for the \(what)")
    }

    // MARK: Versions

    /// How it is said in a version: 2.2 has no 4000.
    package func said(in version: OCPIVersion) -> OCPIError {
        guard version == .v2_2, code == .hubError else { return self }
        return OCPIError(code: .serverError, message: message, kind: kind, notDone: notDone)
    }
}
