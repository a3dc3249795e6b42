/// How ``Isolation`` is measured.
package struct IsolationOptions: Sendable {
    /// Requests each second, whatever becomes of those before.
    package var rate = 200
    /// How long each round counts.
    package var seconds = 20
    /// How long each round sends before it counts.
    package var warmUp = 5
    /// Recipients, those that hang included.
    package var recipients = 100
    /// How many of them hang.
    package var hanging = 1
    /// Rounds without hanging recipients; there are as many with them, in turn.
    package var rounds = 2
    /// `host:port` of a real Kafka; nil for one in memory, in a process of its own.
    package var brokers: String?
    /// Folder for the processes' logs; nil for a temporary one that is deleted if all went well.
    package var logs: String?

    /// What is measured if nothing else is said.
    package init() {}
}
