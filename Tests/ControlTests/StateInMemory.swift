import Credentials
import Encoding
import Logging
import OCPI
import Synchronization

@testable import Directory

/// The shared state without Kafka.
final class StateInMemory: Sendable {
    static let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct State {
        var directory: Directory
        var written: [FactChange] = []
        var fails = false
    }
    private let state: Mutex<State>

    init(_ facts: [Fact]) {
        var directory = Directory(secrets: StateInMemory.secrets)
        for fact in facts { directory.apply(key: fact.key, fact) }
        directory.advance(to: Int64(facts.count))
        state = Mutex(State(directory: directory))
    }

    var directory: Directory { state.withLock { $0.directory } }
    var written: [FactChange] { state.withLock { $0.written } }

    /// Whether the next writes fail.
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func put(_ fact: Fact) { apply([.put(fact)]) }
    func delete(_ key: String) { apply([.delete(key: key)]) }

    var shared: SharedState {
        SharedState(
            directory: { self.directory },
            write: { (changes) throws(StateError) in
                if self.state.withLock({ $0.fails }) { throw StateError(description: "refused by the test") }
                self.state.withLock { $0.written += changes }
                self.apply(changes)
            })
    }

    private func apply(_ changes: [FactChange]) {
        state.withLock { state in
            for change in changes {
                switch change {
                case .put(let fact): state.directory.apply(key: fact.key, fact)
                case .delete(let key): state.directory.apply(key: key, nil)
                }
            }
            state.directory.advance(to: state.directory.version + Int64(changes.count))
        }
    }
}

func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

func party(_ text: String) -> PartyID {
    guard let party = PartyID(text) else { preconditionFailure("not a party: \(text)") }
    return party
}
