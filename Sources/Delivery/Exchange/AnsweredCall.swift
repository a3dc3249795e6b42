import Outbound
import Topics

/// A recipient's answer on its way to the caller.
struct AnsweredCall: Sendable {
    let exchange: PendingExchange
    var response: OutboundResponse
    /// The URL that was called; nil for another node, which validates the URLs of its parties itself.
    let url: String?

    var record: RequestRecord { exchange.record }

    func answer(_ headers: [(name: String, value: String)]) -> RecipientResponse {
        RecipientResponse(response, headers, isOfNode: url == nil, isToCopy: record.copyID != nil)
    }
}
