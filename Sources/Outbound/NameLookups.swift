import NIOCore
import NIOPosix
import Synchronization

/// Looks up the addresses of names and judges them. One look-up per name at a time; what it found is good for a while.
final class NameLookups: Sendable {
    /// The addresses of a name, whatever they are.
    typealias Resolve = @Sendable (_ host: String) -> EventLoopFuture<[SocketAddress]>
    /// The addresses of a name that may be dialled, as text, the best first; empty if all are forbidden.
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

    /// After that it is looked up again, while calls go on with what is known.
    private static let freshness = TimeAmount.seconds(10)
    /// After that calls wait for a look-up.
    fileprivate static let lifetime = TimeAmount.seconds(60)
    /// What was found longer ago than its lifetime is dropped when there is more than this.
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

    /// What the system's resolver says, IPv4 first: where there is no IPv6 it can take long to find that out.
    private static func system(_ group: any EventLoopGroup) -> Resolve {
        { host in
            let resolver = NIORandomizedDNSResolver(loop: group.next())
            let v6 = resolver.initiateAAAAQuery(host: host, port: 0)
            return resolver.initiateAQuery(host: host, port: 0).and(v6).map { $0 + $1 }
        }
    }

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

    /// This address did not take a connection: the others are tried before it from now on.
    func demote(_ address: String, of host: String) {
        state.withLock { state in
            guard let place = state.known[host]?.addresses.firstIndex(of: address) else { return }
            state.known[host]?.addresses.remove(at: place)
            state.known[host]?.addresses.append(address)
        }
    }

    private func giveUp(_ number: UInt64, _ host: String) {
        let report = state.withLock { $0.waiting[host]?.removeValue(forKey: number) }
        report?(.failure(OutboundFailure(.notSent, "its name was not resolved in time")))
    }

    private func look(up host: String) {
        guard state.withLock({ $0.underWay.insert(host).inserted }) else { return }
        resolve(host).whenComplete { result in
            let found = result.map { addresses in addresses.filter(self.policy.allows).compactMap(\.ipAddress) }
            let (waiting, answer) = self.state.withLock { $0.take(found, of: host, now: .now()) }
            for report in waiting { report(answer) }
        }
    }
}

extension NameLookups.State {
    /// A look-up has ended: who waits for it, and what they are told.
    fileprivate mutating func take(
        _ found: Result<[String], any Error>, of host: String, now: NIODeadline
    ) -> (waiting: [NameLookups.Report], answer: Result<[String], OutboundFailure>) {
        underWay.remove(host)
        let reports = waiting.removeValue(forKey: host).map { Array($0.values) } ?? []
        // Why is the resolver's matter; a name that was good a moment ago goes on being used until its time is over.
        guard case .success(var addresses) = found else { return (reports, .failure(OutboundFailure(.notSent, "its name is not known"))) }
        // Where connections are already.
        if let best = known[host]?.addresses.first, let place = addresses.firstIndex(of: best) { addresses.swapAt(0, place) }
        if known.count >= NameLookups.maxKnown { known = known.filter { now - $0.value.at < NameLookups.lifetime } }
        known[host] = NameLookups.Known(addresses: addresses, at: now)
        return (reports, .success(addresses))
    }
}
