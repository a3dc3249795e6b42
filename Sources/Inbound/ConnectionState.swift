/// What comes and goes on one connection: requests in order, one answer to each, and when there is to be no more. A pure value; the handler
/// does what it says.
struct ConnectionState {
    /// What becomes of something that came.
    enum Step: Equatable {
        case pass
        case drop
        /// It breaks off the request that is being received: whoever reads its body is told why, and answers.
        case fail(HTTPRefusal)
        /// The answer to what was no request; then the connection closes.
        case refuse(HTTPRefusal)
        /// There is nothing to say any more.
        case leave
    }

    /// What is said of the connection in the head of an answer.
    enum Announcement: Equatable {
        case nothing, close, keepAlive
    }

    private let limit: Int
    /// Requests that were passed on and whose answers are not complete.
    private(set) var open = 0
    /// The body of the newest of them is still coming.
    private(set) var isReceiving = false
    /// No further request is taken.
    private(set) var isLast = false
    /// The answer under way is the last one, whoever else waits.
    private var isLastAnswer = false
    private var isOld = false
    /// What is wrong with what came after the open requests; said in its turn.
    private var refusal: HTTPRefusal?

    /// - Parameter limit: most open requests.
    init(limit: Int) {
        self.limit = limit
    }

    // MARK: Coming in

    /// A head has come.
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
        isOld = rules.isOld
        return .pass
    }

    /// A part of a body has come.
    func body() -> Step { isReceiving ? .pass : .drop }

    /// The end of a request has come.
    mutating func end() -> Step {
        guard isReceiving else { return .drop }
        isReceiving = false
        return .pass
    }

    /// What came is no HTTP.
    mutating func broken(_ refusal: HTTPRefusal) -> Step { isReceiving ? breakOff(refusal) : isLast ? .drop : refuse(refusal) }

    /// The rest of what is being received did not come in time.
    /// - Parameter hasBegun: whether a part of a head has come.
    mutating func overdue(hasBegun: Bool) -> Step {
        // While earlier requests are open nothing is read, so this is not the client's fault.
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
        // Answered already: a second answer would be read as that to the next request.
        return open > 0 ? .fail(refusal) : .leave
    }

    // MARK: Going out

    /// The head of an answer goes out.
    /// - Parameter saysClose: whether it closes the connection by itself.
    mutating func answer(saysClose: Bool) -> Announcement {
        if saysClose || (isLast && open == 1 && refusal == nil) {
            isLast = true
            isLastAnswer = true
            return .close
        }
        return isOld ? .keepAlive : .nothing
    }

    /// An answer is complete.
    mutating func answered() -> Step {
        open = max(0, open - 1)
        if isLastAnswer { return leave() }
        guard open == 0 else { return .pass }
        if let refusal { return .refuse(refusal) }
        return isLast ? leave() : .pass
    }

    private mutating func leave() -> Step {
        // What is still coming belongs to nobody.
        isReceiving = false
        return .leave
    }
}
