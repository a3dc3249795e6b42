import HashTreeCollections
package import OCPI

// What operators ordered, and how the node's processes and their work stand.
extension Directory {
    // MARK: Outboxes

    /// What an operator ordered for a recipient's outbox; nil if nobody ever ordered anything.
    package func outboxOrder(of recipient: PartyID) -> OutboxOrder? { snapshot.state.operations.orders[recipient] }

    /// Everything ordered, by recipient. O(orders).
    package var outboxOrders: [OutboxOrder] { snapshot.state.operations.orders.values.sorted { $0.recipient < $1.recipient } }

    /// The id of the last rewind that was carried out on a partition of a recipient's outbox.
    package func rewindDone(of recipient: PartyID, partition: Int32) -> String? {
        snapshot.state.operations.rewinds[RewindDone.Place(recipient: recipient, partition: partition)]?.rewindID
    }

    /// Every report there is of a breaker that is not closed, outdated ones included. O(reports).
    package var breakers: [BreakerReport] { snapshot.state.operations.breakers.values.flatMap(\.values) }

    /// The breakers for a recipient that are not closed, by worker; outdated reports included.
    package func breakers(of recipient: PartyID) -> [BreakerReport] {
        snapshot.state.operations.breakers[recipient]?.values.sorted { $0.worker < $1.worker } ?? []
    }

    // MARK: Store and forward

    /// What is stored and forwarded, by recipient, module and method. O(rules).
    package var storeRules: [StoreRule] { snapshot.state.operations.storeRules.values.joined().sorted() }

    /// Whether a rule stands for what is sent to a recipient with that method, to that module's receiver interface. O(1): a recipient has
    /// at most a handful of rules.
    package func isStored(to recipient: PartyID, module: ModuleID, method: Method) -> Bool {
        snapshot.state.operations.storeRules[recipient]?.contains { $0.module == module && $0.method == method } ?? false
    }

    // MARK: Processes

    /// The newest claim to lead.
    package var leader: LeaderClaim? { snapshot.state.operations.leader }

    /// What makes processes those of this node; nil before the first of them has started.
    package var identity: NodeIdentity? { snapshot.state.operations.identity }

    /// What a process said of itself last, also if it has died since.
    package func process(_ instance: String) -> ProcessReport? { snapshot.state.operations.processes[instance] }

    /// What all processes said of themselves last, dead ones included. O(processes).
    package var processes: [ProcessReport] { snapshot.state.operations.processes.values.sorted { $0.instance < $1.instance } }
}
