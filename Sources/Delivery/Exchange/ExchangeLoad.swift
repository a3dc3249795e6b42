import Kafka
import OCPI

/// A number of requests and their bytes.
struct ExchangeLoad: Sendable, Equatable {
    var requests = 0
    var bytes = 0

    /// Whether one more request fits.
    func fits(_ bytes: Int, in limit: ExchangeLoad) -> Bool { requests < limit.requests && bytes <= limit.bytes - self.bytes }

    /// Whether one more request of an account fits into a limit that accounts share: an account that has more than a quarter of the limit
    /// must leave the last quarter free for others.
    /// - Parameter own: what the account uses of this limit already.
    func allows(_ bytes: Int, to own: ExchangeLoad, in limit: ExchangeLoad) -> Bool {
        let quarter = ExchangeLoad(requests: limit.requests / 4, bytes: limit.bytes / 4)
        let most = ExchangeLoad(requests: limit.requests - quarter.requests, bytes: limit.bytes - quarter.bytes)
        return own.requests == 0 || own.fits(bytes, in: quarter) || fits(bytes, in: most)
    }

    mutating func add(_ bytes: Int) {
        requests += 1
        self.bytes += bytes
    }

    mutating func remove(_ bytes: Int) {
        requests -= 1
        self.bytes -= bytes
    }
}
