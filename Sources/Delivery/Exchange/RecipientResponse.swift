import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import Topics

/// How a request ended, whoever asked.
struct RecipientResponse: Sendable {
    let outcome: ReplyOutcome
    /// Status, passed headers, content type and body of the recipient; only if it answered.
    private var httpStatus: Int?
    private var headers = RecordHeaders()
    private var contentType: String?
    private var body: ByteBuffer?
    /// Why there is no answer of the recipient; only then.
    private var exchangeFailure: ExchangeFailure?
    /// The recipient's node says so in the recipient's place.
    private var isRefusalOfNode = false
    /// What it means for a copy; only of the answer to one.
    private var classification: ResponseClassification?

    /// - Parameters:
    ///   - isOfNode: it came from another node, in whose place the recipient may not have been asked at all.
    ///   - isToCopy: the request was a copy, of which the sender's node takes care.
    init(
        _ response: OutboundResponse, _ headers: [(name: String, value: String)], isOfNode: Bool = false, isToCopy: Bool = false
    ) {
        outcome = .answered
        isRefusalOfNode = isOfNode && Self.isRefusalOfNode(response)
        classification = isToCopy ? ResponseClassification(httpStatus: response.status, statusCode: response.statusCode) : nil
        httpStatus = response.status
        for (name, value) in headers { self.headers.append(name, value) }
        contentType = response.headers.first(name: "Content-Type")
        body = response.body.readableBytes > 0 ? response.body : nil
    }

    init(_ exchangeFailure: ExchangeFailure) {
        outcome = exchangeFailure.outcome
        self.exchangeFailure = exchangeFailure
    }

    func reply(to record: RequestRecord, at address: ReplyAddress, time: Timestamp) -> ReplyRecord {
        ReplyRecord(
            to: record, at: address, from: record.to, time: time, outcome: outcome, httpStatus: httpStatus,
            status: exchangeFailure?.error.code,
            message: exchangeFailure?.error.message, headers: headers, contentType: contentType, body: body,
            notDone: exchangeFailure?.notDone)
    }

    /// Whether the recipient may have done what it was asked for, so that asking again could do it twice. 429 and 503 say that it has not,
    /// and so may its node.
    var mayBeDone: Bool {
        if let exchangeFailure { return exchangeFailure.mayBeDone }
        return httpStatus != 429 && httpStatus != 503 && !isRefusalOfNode
    }

    /// Nodes of ours say that nothing was done. Of others it is known when they do not know the recipient (4001) or did not reach it (4003).
    private static func isRefusalOfNode(_ response: OutboundResponse) -> Bool {
        guard response.notDone == nil else { return true }
        let code = response.statusCode
        return code == StatusCode.unknownReceiver.rawValue || code == StatusCode.connectionProblem.rawValue
    }

    /// Whether a copy is done with, so that whoever sends it again gets this answer. Else it is sent again, as a service connected to the
    /// sender's own node would get it.
    var endsCopy: Bool {
        switch classification {
        case .delivered, .final: true
        case .retry, nil: false
        }
    }

    /// With a body of its own: as it came, a short body may keep the whole of what was read from a socket at once. One that fills half of
    /// its storage stays there: storage that is made for it is a power of two as well.
    var toKeep: RecipientResponse {
        guard let body, body.storageCapacity > max(2 * body.readableBytes, 64) else { return self }
        var answer = self
        answer.body = ByteBuffer(bytes: body.readableBytesView)
        return answer
    }

    /// What it holds in memory, about, in bytes; once it is ``toKeep``.
    var bytes: Int {
        headers.fields.reduce(512 + (body?.readableBytes ?? 0)) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}
