import Synchronization
import Testbed

/// Kills processes at random. The seed determines which, when, and for how long they stay stopped.
///
/// It works in rounds: every role is killed once before any is killed again, so that a short run covers many roles.
final class ProcessKiller: Sendable {
    private struct State {
        var numbers: SeededNumbers
        var round: [String] = []
        var kills: [String: Int] = [:]
    }

    private let fleet: Fleet
    private let sharedLedger: SharedLedger
    private let state: Mutex<State>

    init(_ fleet: Fleet, sharedLedger: SharedLedger, seed: UInt64) {
        self.fleet = fleet
        self.sharedLedger = sharedLedger
        state = Mutex(State(numbers: SeededNumbers(seed: seed)))
    }

    /// Number of kills by role.
    var kills: [String: Int] { state.withLock { $0.kills } }

    /// Kills processes until cancelled.
    func run() async {
        while true {
            let (pause, role, absence) = state.withLock { state in
                if state.round.isEmpty { state.round = fleet.roles.map(\.name).shuffled(using: &state.numbers) }
                return (
                    state.numbers.milliseconds(2_000...5_000), state.round.popLast(), state.numbers.milliseconds(200...1_500)
                )
            }
            do { try await Task.sleep(for: pause) } catch { return }
            let places = state.withLock { state in fleet.places.filter { $0.role == role }.shuffled(using: &state.numbers) }
            // Only a ready process is killed: a group whose members are killed before they can join delivers nothing, which tests nothing.
            for place in places {
                guard await fleet.isReady(place), !Task.isCancelled, place.kill(absence: absence) else { continue }
                state.withLock { $0.kills[place.role, default: 0] += 1 }
                sharedLedger.restarted(place.role)
                break
            }
        }
    }
}
