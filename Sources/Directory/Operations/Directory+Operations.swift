import HashTreeCollections
package import OCPI

// Operators' orders, and the state of the node's processes.
extension Directory {
    // MARK: Outboxes

    /// The operator's order for a recipient's outbox; nil if there never was one.
    package func outboxOrder(of recipient: PartyID) -> OutboxOrder? { snapshot.state.operations.orders[recipient] }

    /// All orders, by recipient. O(orders).
    package var outboxOrders: [OutboxOrder] { snapshot.state.operations.orders.values.sorted { $0.recipient < $1.recipient } }

    /// The id of the last rewind that was carried out on a partition of a recipient's outbox.
    package func rewindDone(of recipient: PartyID, partition: Int32) -> String? {
        snapshot.state.operations.rewinds[RewindDone.Place(recipient: recipient, partition: partition)]?.rewindID
    }

    /// All reports of breakers that are not closed, including outdated ones. O(reports).
    package var breakers: [BreakerReport] { snapshot.state.operations.breakers.values.flatMap(\.values) }

    /// The breakers for a recipient that are not closed, by worker; outdated reports included.
    package func breakers(of recipient: PartyID) -> [BreakerReport] {
        snapshot.state.operations.breakers[recipient]?.values.sorted { $0.worker < $1.worker } ?? []
    }

    // MARK: Store and forward

    /// All store rules, by recipient, module and method. O(rules).
    package var storeRules: [StoreRule] { snapshot.state.operations.storeRules.values.joined().sorted() }

    /// Whether a rule applies to requests to a recipient with that method and to that module's receiver interface. O(1): a recipient has at
    /// most a handful of rules.
    package func isStored(to recipient: PartyID, module: ModuleID, method: Method) -> Bool {
        snapshot.state.operations.storeRules[recipient]?.contains { $0.module == module && $0.method == method } ?? false
    }

    // MARK: Processes

    /// The newest claim to be the leader.
    package var leader: LeaderClaim? { snapshot.state.operations.leader }

    /// The identity that all processes of this node share; nil before the first of them has started.
    package var identity: NodeIdentity? { snapshot.state.operations.identity }

    /// The last report of a process, even if it has died since.
    package func process(_ instance: String) -> ProcessReport? { snapshot.state.operations.processes[instance] }

    /// The last reports of all processes, dead ones included. O(processes).
    package var processes: [ProcessReport] { snapshot.state.operations.processes.values.sorted { $0.instance < $1.instance } }
}
