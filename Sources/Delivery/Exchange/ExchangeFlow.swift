import Directory
import Instruments
import Kafka
import Logging
import NIOCore
import Notary
import OCPI
import Outbound
import Synchronization
import Topics

/// Takes requests from `ocn.requests` and brings each of them to its one answer; ``ExchangeService`` has the overview.
///
/// ``ExchangeState`` decides; this class carries out its decisions.
final class ExchangeFlow: Sendable {
    let acknowledger = RecordAcknowledger()
    let settings: ExchangeSettings
    let topics: TopicNames
    let store: StateStore
    let capabilities: Capabilities
    let producer: Producer
    let client: OutboundClient
    let metrics = ExchangeMetrics()
    let logger: Logger
    /// Throttled, for failures that repeat with each record or until an operator acts.
    let failures: ThrottledLog
    /// Called with the id of a local platform after each of its successful answers.
    let onAnswer: @Sendable (String) -> Void
    let ownOperator: String
    let handOver: EventLoopHandOver
    private let clockLoop: any EventLoop
    private let state: Mutex<ExchangeState>

    /// - Parameter lease: how long after sending a commit this process certainly still owns the partition.
    init(
        settings: ExchangeSettings, topics: TopicNames, store: StateStore, capabilities: Capabilities, producer: Producer,
        client: OutboundClient, lease: Duration, logger: Logger, onAnswer: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.topics = topics
        self.store = store
        self.capabilities = capabilities
        self.producer = producer
        self.client = client
        self.logger = logger
        failures = ThrottledLog(logger)
        self.onAnswer = onAnswer
        ownOperator = settings.nodeKey.address.hex
        Resigning.prepare()
        handOver = EventLoopHandOver(client.eventLoops)
        clockLoop = client.eventLoops.next()
        state = Mutex(ExchangeState(.init(settings, lease: .init(lease))))
    }

    /// Passes an event to the state. The gauges are set under its lock, so that the newest values remain.
    func step<Result: Sendable>(_ event: (inout ExchangeState) -> Result) -> Result {
        state.withLock { state in
            let before = state.figures
            let result = event(&state)
            metrics.record(state.figures, before: before)
            return result
        }
    }

    /// Carries out the state's actions. The caller handles `waitUntil`, because only the caller knows which step to repeat.
    func carryOut(_ actions: ExchangeState.Actions) {
        guard !actions.isEmpty else { return }
        var begun: [PendingExchange] = []
        var uncommitted: [TopicPartition] = []
        for action in actions {
            switch action {
            case .begin(let exchange): begun.append(exchange)
            case .call(let exchange): exchange.eventLoop.execute { self.callAfterWaiting(exchange) }
            case .waitUntil: break
            case .writeReply(let exchange, let answer, let isRepeat): writeReply(exchange, answer, isRepeat: isRepeat)
            case .refuse(let exchange, let refusal): refuse(exchange, refusal)
            case .finish(let exchange): acknowledger.finished(exchange.partition, offset: exchange.offset, epoch: exchange.epoch)
            case .abandon(let exchange): acknowledger.abandoned(exchange.partition, records: 1, epoch: exchange.epoch)
            case .writeIntent(let partition): uncommitted.append(partition)
            case .pause(let partition): acknowledger.pause([partition])
            case .resume(let partition): acknowledger.resume([partition])
            case .wake(let due):
                clockLoop.scheduleTask(deadline: due) { self.carryOut(self.step { $0.wake(now: .now()) }) }
            case .waited(let time, let wait): metrics.waited(time, for: wait)
            case .breaker(let recipient, let turn):
                if turn == .opened { metrics.breakerOpenings.increment() }
                turn.log(recipient, to: logger)
            }
        }
        if !begun.isEmpty { begin(begun) }
        if !uncommitted.isEmpty { acknowledger.commitSoon(uncommitted) }
    }
}

extension ExchangeState.Actions {
    /// When to repeat the failed step; nil if it is not repeated.
    var retry: NIODeadline? {
        for case .waitUntil(let due) in self { return due }
        return nil
    }
}

extension ExchangeState.Limits {
    init(_ settings: ExchangeSettings, lease: TimeAmount) {
        intents = .init(lease: lease)
        inFlight = .init(
            perRecipient: ExchangeLoad(requests: settings.callsPerRecipient, bytes: settings.bytesPerRecipient),
            inTotal: ExchangeLoad(requests: settings.callsInTotal, bytes: settings.bytesInTotal),
            waitingPerRecipient: ExchangeLoad(requests: settings.waitingPerRecipient, bytes: settings.waitingBytesPerRecipient),
            waitingInTotal: ExchangeLoad(requests: settings.waitingInTotal, bytes: settings.waitingBytesInTotal),
            breaker: .init(settings.breaker))
        answers = .init(
            requests: settings.rememberedAnswers, bytes: settings.rememberedBytes, window: .init(settings.repeatWindow), perAccount: 4)
    }
}
