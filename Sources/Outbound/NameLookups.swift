import Dispatch
import NIOCore
import NIOPosix
import Synchronization

/// Resolves host names and checks their addresses. One lookup per name at a time; results are cached for a while, and for longer while
/// lookups fail.
final class NameLookups: Sendable {
    /// Resolves a name to all its addresses.
    typealias Resolve = @Sendable (_ host: String) -> EventLoopFuture<[SocketAddress]>
    /// Receives the allowed addresses of a name as text, the preferred one first; empty if all are forbidden.
    typealias Report = @Sendable (Result<[String], OutboundFailure>) -> Void

    fileprivate struct Known {
        var addresses: [String]
        let at: NIODeadline
    }

    fileprivate struct State {
        var known: [String: Known] = [:]
        var underWay: Set<String> = []
        var waiting: [String: [UInt64: Report]] = [:]
        var last: UInt64 = 0
    }

    private enum Step {
        case known([String], isOld: Bool)
        case wait(UInt64)
    }

    /// The age after which a result is refreshed, while calls still use it.
    private static let freshness = TimeAmount.seconds(10)
    /// The age after which calls wait for a lookup; if it fails or takes too long, they use the last result.
    fileprivate static let lifetime = TimeAmount.seconds(60)
    /// The age after which the last result is not used any more.
    fileprivate static let usefulness = TimeAmount.hours(1)
    /// The most concurrent lookups: each blocks a thread, for long if its name servers do not answer. More than a platform has endpoints.
    private static let maxUnderWay = 128
    /// The most addresses kept for a name.
    fileprivate static let maxAddresses = 8
    /// The number of names above which results older than their lifetime are dropped.
    fileprivate static let maxKnown = 4096

    private let policy: AddressPolicy
    private let group: any EventLoopGroup
    private let resolve: Resolve
    private let state = Mutex(State())

    init(policy: AddressPolicy, group: any EventLoopGroup, resolve: Resolve?) {
        self.policy = policy
        self.group = group
        self.resolve = resolve ?? Self.system(group)
    }

    /// Resolves with the system's resolver, IPv4 first: without IPv6 connectivity, connection attempts over it can take long.
    ///
    /// It runs neither on an event loop, where the resolver handles one name after the other and a slow one would delay all others, nor on
    /// Dispatch's shared pool, on which Swift's tasks run: a serial queue has a thread of its own, which ends when it is idle.
    private static func system(_ group: any EventLoopGroup) -> Resolve {
        { host in
            let loop = group.next()
            let promise = loop.makePromise(of: [SocketAddress].self)
            DispatchQueue(label: "ocn.names").async {
                let resolver = NIORandomizedDNSResolver(loop: loop)
                let v6 = resolver.initiateAAAAQuery(host: host, port: 0)
                resolver.initiateAQuery(host: host, port: 0).and(v6).map { $0 + $1 }.cascade(to: promise)
            }
            return promise.futureResult
        }
    }

    /// Finds the addresses of a host.
    /// - Parameter report: called once, no later than `limit` and perhaps before this returns.
    func addresses(of host: String, until limit: NIODeadline, _ report: @escaping Report) {
        let now = NIODeadline.now()
        let step = state.withLock { state -> Step in
            if let known = state.known[host], now - known.at < Self.lifetime {
                return .known(known.addresses, isOld: now - known.at >= Self.freshness)
            }
            state.last += 1
            state.waiting[host, default: [:]][state.last] = report
            return .wait(state.last)
        }
        switch step {
        case .known(let addresses, let isOld):
            if isOld { look(up: host) }
            report(.success(addresses))
        case .wait(let number):
            group.next().scheduleTask(deadline: limit) { self.giveUp(number, host) }
            look(up: host)
        }
    }

    /// Moves an address that refused a connection to the end of its name's list.
    func demote(_ address: String, of host: String) {
        state.withLock { state in
            guard let place = state.known[host]?.addresses.firstIndex(of: address) else { return }
            state.known[host]?.addresses.remove(at: place)
            state.known[host]?.addresses.append(address)
        }
    }

    private func giveUp(_ number: UInt64, _ host: String) {
        let (report, known) = state.withLock { state in
            let report = state.waiting[host]?.removeValue(forKey: number)
            if state.waiting[host]?.isEmpty == true { state.waiting[host] = nil }
            return (report, state.lastKnown(host, now: .now()))
        }
        report?(known.map { .success($0) } ?? .failure(OutboundFailure(.notSent, "its name was not resolved in time")))
    }

    /// Starts a lookup now, or after another one has ended if there are many.
    private func look(up host: String) {
        let isToBegin = state.withLock { state in
            state.underWay.count < Self.maxUnderWay && state.underWay.insert(host).inserted
        }
        guard isToBegin else { return }
        resolve(host).whenComplete { result in
            let found = result.map { addresses in addresses.filter(self.policy.allows).compactMap(\.ipAddress) }
            let (waiting, answer, next) = self.state.withLock { state in
                let (waiting, answer) = state.take(found, of: host, now: .now())
                return (waiting, answer, state.waiting.keys.first { !state.underWay.contains($0) })
            }
            for report in waiting { report(answer) }
            if let next { self.look(up: next) }
        }
    }
}

extension NameLookups.State {
    /// Takes a finished lookup. Returns its waiting callers and their result.
    fileprivate mutating func take(
        _ found: Result<[String], any Error>, of host: String, now: NIODeadline
    ) -> (waiting: [NameLookups.Report], answer: Result<[String], OutboundFailure>) {
        underWay.remove(host)
        let reports = waiting.removeValue(forKey: host).map { Array($0.values) } ?? []
        // The resolver decides what is an error.
        guard case .success(var addresses) = found else {
            let last = lastKnown(host, now: now)
            return (reports, last.map { .success($0) } ?? .failure(OutboundFailure(.notSent, "its name is not known")))
        }
        // Keeps the preferred address, to which there are connections already.
        if let best = known[host]?.addresses.first, let place = addresses.firstIndex(of: best) { addresses.swapAt(0, place) }
        if known.count >= NameLookups.maxKnown { known = known.filter { now - $0.value.at < NameLookups.lifetime } }
        addresses.removeSubrange(min(addresses.count, NameLookups.maxAddresses)...)
        known[host] = NameLookups.Known(addresses: addresses, at: now)
        return (reports, .success(addresses))
    }

    /// The last result, unless it is too old.
    fileprivate func lastKnown(_ host: String, now: NIODeadline) -> [String]? {
        known[host].flatMap { now - $0.at < NameLookups.usefulness ? $0.addresses : nil }
    }
}
