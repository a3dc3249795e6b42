/// The state of one connection: requests in order, one answer to each, and when no more requests are taken. A value; the channel handler
/// carries out its steps.
struct ConnectionState {
    /// What the handler does with a received part.
    enum Step: Equatable {
        case pass
        case drop
        /// Aborts the request that is being received; the reader of its body gets the reason, and answers.
        case fail(HTTPRefusal)
        /// Sends an answer to bytes that are no request, then closes the connection.
        case refuse(HTTPRefusal)
        /// Closes the connection without a further answer.
        case leave
    }

    /// The `Connection` header of an answer.
    enum Announcement: Equatable {
        case nothing, close, keepAlive
    }

    private let limit: Int
    /// The number of requests passed on whose answers are not complete.
    private(set) var open = 0
    /// Whether the body of the newest request is still being received.
    private(set) var isReceiving = false
    /// Whether further requests are refused.
    private(set) var isLast = false
    /// Whether the present answer is the last one, even if more requests wait.
    private var isLastAnswer = false
    private var isHTTP10 = false
    /// The refusal of the bytes after the open requests; sent after their answers.
    private var refusal: HTTPRefusal?

    /// - Parameter limit: the most open requests.
    init(limit: Int) {
        self.limit = limit
    }

    // MARK: Coming in

    /// Handles the head of a request.
    mutating func head(_ rules: HeadRules) -> Step {
        guard !isLast else { return .drop }
        if let refusal = rules.refusal { return refuse(refusal) }
        guard open < limit else {
            isLast = true
            return .drop
        }
        open += 1
        isReceiving = true
        isLast = !rules.persists
        isHTTP10 = rules.isHTTP10
        return .pass
    }

    /// Handles a part of a body.
    func body() -> Step { isReceiving ? .pass : .drop }

    /// Handles the end of a request.
    mutating func end() -> Step {
        guard isReceiving else { return .drop }
        isReceiving = false
        return .pass
    }

    /// Handles bytes that are no HTTP.
    mutating func broken(_ refusal: HTTPRefusal) -> Step { isReceiving ? breakOff(refusal) : isLast ? .drop : refuse(refusal) }

    /// Handles a timeout of the request that is being received.
    /// - Parameter hasBegun: whether a part of a head has been received.
    mutating func overdue(hasBegun: Bool) -> Step {
        // While earlier requests are open nothing is read, so the delay is not the client's fault.
        if isReceiving { return open > 1 ? .drop : breakOff(.overdue) }
        guard open == 0, !isLast else { return .drop }
        isLast = true
        return hasBegun ? .refuse(.overdue) : .leave
    }

    private mutating func refuse(_ refusal: HTTPRefusal) -> Step {
        isLast = true
        guard open > 0 else { return .refuse(refusal) }
        self.refusal = refusal
        return .drop
    }

    private mutating func breakOff(_ refusal: HTTPRefusal) -> Step {
        isReceiving = false
        isLast = true
        // Answered already: the client would take a second answer for that to its next request.
        return open > 0 ? .fail(refusal) : .leave
    }

    // MARK: Going out

    /// Handles the head of an answer.
    /// - Parameter saysClose: whether it closes the connection by itself.
    mutating func answer(saysClose: Bool) -> Announcement {
        if saysClose || (isLast && open == 1 && refusal == nil) {
            isLast = true
            isLastAnswer = true
            return .close
        }
        return isHTTP10 ? .keepAlive : .nothing
    }

    /// Handles the end of an answer.
    mutating func answered() -> Step {
        open = max(0, open - 1)
        if isLastAnswer { return leave() }
        guard open == 0 else { return .pass }
        if let refusal { return .refuse(refusal) }
        return isLast ? leave() : .pass
    }

    private mutating func leave() -> Step {
        // The rest of the body belongs to no request.
        isReceiving = false
        return .leave
    }
}
