import NIOCore
import OCPI
import Synchronization
import Testbed

/// The five parties of a run. What services take is written into the book as it arrives.
struct Parties: Sendable {
    let cpo: Party
    private let emsp: Party
    private let services: [Party]
    private let tempers: [TemperBox]

    /// A temper that several event loops ask.
    private final class TemperBox: Sendable {
        private let temper: Mutex<Temper>

        init(_ temper: Temper) { self.temper = Mutex(temper) }

        func react(to number: Int, at time: Duration) -> Temper.Reaction { temper.withLock { $0.react(to: number, at: time) } }
        func calmDown() { temper.withLock { $0.calmDown() } }
    }

    init(_ cast: Cast, book: Book, seed: UInt64) {
        let receivers: [(module: ModuleID, role: InterfaceRole)] = [(.sessions, .receiver), (.cdrs, .receiver)]
        cpo = Party(cast.cpo, role: "CPO", modules: receivers.map { ($0.module, .sender) }) { _, _, _ in Party.refusal(405, "not served") }
        emsp = Party(cast.emsp, role: "EMSP", modules: receivers) { _, _, _ in Serving(body: Envelope.success()) }
        let kinds: [(PartyID, Temper.Kind)] = [(cast.steady, .steady), (cast.flapping, .flapping), (cast.hanging, .hanging)]
        var services: [Party] = []
        var tempers: [TemperBox] = []
        for (number, (id, kind)) in kinds.enumerated() {
            let temper = TemperBox(Temper(kind, seed: seed &+ UInt64(number)))
            tempers.append(temper)
            services.append(
                Party(id, role: "OTHER", modules: receivers) { request, module, path in
                    Self.take(request, module, path, at: id, temper, book)
                })
        }
        self.services = services
        self.tempers = tempers
    }

    private var all: [Party] { [cpo, emsp] + services }

    func start(adminURL: String, adminToken: String, caller: Caller) async throws {
        for party in all {
            try await party.start()
            try await party.register(adminURL: adminURL, adminToken: adminToken, caller: caller)
        }
    }

    /// From now on every service takes what it gets at once.
    func calmDown() {
        for temper in tempers { temper.calmDown() }
    }

    func stop() async {
        for party in all { await party.stop() }
    }

    private static func take(
        _ request: Served, _ module: String, _ path: String, at id: PartyID, _ temper: TemperBox, _ book: Book
    ) -> Serving {
        let number = request.header(OCPIHeader.correlationID).flatMap(Correlation.number)
        switch temper.react(to: number ?? 0, at: book.time) {
        case .fail: return Party.refusal(503, "not now")
        case .failInside: return Serving(body: Envelope.error(code: .serverError, message: "not now"))
        case .refuse: return Party.refusal(400, "never")
        case .take(let delay):
            let fingerprint = Dispatch.fingerprint(request.method, module, path, request.body)
            let copyID = request.header("OCN-Copy-ID")
            // Taken when it arrives: whether its answer gets back is another matter.
            book.note { $0.arrived(number, id: copyID, fingerprint: fingerprint, at: id, time: $1) }
            return Serving(body: Envelope.success(), delay: delay)
        }
    }
}

/// The number of a request as it goes with the request and all its copies: in X-Correlation-ID.
enum Correlation {
    private static let prefix = "soak-"

    static func text(_ number: Int) -> String { prefix + String(number) }

    static func number(_ text: String) -> Int? { text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil }
}
