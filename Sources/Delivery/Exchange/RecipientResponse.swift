import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import Topics

/// The result of a request, for any caller.
struct RecipientResponse: Sendable {
    let outcome: ReplyOutcome
    /// Status, passed headers, content type and body of the recipient; only if it answered.
    private var httpStatus: Int?
    private var headers = RecordHeaders()
    private var contentType: String?
    private var body: ByteBuffer?
    /// The reason why there is no answer of the recipient; only then.
    private var exchangeFailure: ExchangeFailure?
    /// Whether the recipient's node refused the request in the recipient's place.
    private var isRefusalOfNode = false
    /// The meaning of the answer for a copy; only for the answer to one.
    private var classification: ResponseClassification?

    /// - Parameters:
    ///   - isOfNode: whether it came from another node, which may have answered without asking the recipient.
    ///   - isToCopy: whether the request was a copy, which the sender's node manages.
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

    /// Whether the recipient may have carried out the request, so that sending it again could do it twice. 429 and 503 exclude that, and so
    /// may the recipient's node.
    var mayBeDone: Bool {
        if let exchangeFailure { return exchangeFailure.mayBeDone }
        return httpStatus != 429 && httpStatus != 503 && !isRefusalOfNode
    }

    /// Whether a node reports that nothing was done. Nodes of this software say so explicitly; other nodes only by 4001 (unknown recipient)
    /// and 4003 (recipient not reached).
    private static func isRefusalOfNode(_ response: OutboundResponse) -> Bool {
        guard response.notDone == nil else { return true }
        let code = response.statusCode
        return code == StatusCode.unknownReceiver.rawValue || code == StatusCode.connectionProblem.rawValue
    }

    /// Whether the copy is finished, so that a repeat gets this answer. Otherwise the copy is sent again, as for a service connected to the
    /// sender's own node.
    var endsCopy: Bool {
        switch classification {
        case .delivered, .final: true
        case .retry, nil: false
        }
    }

    /// The answer with a body in its own storage: a short body may otherwise keep a whole socket read in memory. A body that fills half of
    /// its storage stays there, because new storage also has a size that is a power of two.
    var toKeep: RecipientResponse {
        guard let body, body.storageCapacity > max(2 * body.readableBytes, 64) else { return self }
        var answer = self
        answer.body = ByteBuffer(bytes: body.readableBytesView)
        return answer
    }

    /// The approximate memory use, in bytes, once it is ``toKeep``.
    var bytes: Int {
        headers.fields.reduce(512 + (body?.readableBytes ?? 0)) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}
