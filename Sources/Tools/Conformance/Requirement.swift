/// One thing that OCPI 2.2, 2.2.1 or 2.3.0 asks of a hub, or that follows from what it asks.
package struct Requirement: Sendable, Hashable {
    /// How strongly the specification says it.
    package enum Level: String, Sendable, CaseIterable {
        /// Stated as must or shall.
        case must = "M"
        /// Stated as should, advised, expected.
        case should = "S"
        /// Not stated; the stated rules do not hold through a hub without it.
        case derived = "D"
    }

    /// The chapters of the table.
    package enum Section: String, Sendable, CaseIterable {
        case transport = "A"
        case versions = "B"
        case credentials = "C"
        case routing = "D"
        case broadcast = "E"
        case openRouting = "F"
        case getAll = "G"
        case pagination = "H"
        case messageIDs = "I"
        case clientInfo = "J"
        case modules = "K"

        /// Heading.
        package var title: String {
            switch self {
            case .transport: "Transport, authentication, envelope"
            case .versions: "Versions and version details"
            case .credentials: "Credentials"
            case .routing: "Routing, party to party"
            case .broadcast: "Broadcast Push"
            case .openRouting: "Open Routing Request"
            case .getAll: "GET All via the hub"
            case .pagination: "Pagination"
            case .messageIDs: "X-Request-ID and X-Correlation-ID"
            case .clientInfo: "HubClientInfo"
            case .modules: "Module rules a hub must not break"
            }
        }
    }

    /// 1 to 151.
    package let number: Int
    /// How strongly it is asked for.
    package let level: Level
    /// One line.
    package let title: String
    /// Where it stands.
    package let section: Section

    /// The requirement of that number; nil if there is none.
    package static func numbered(_ number: Int) -> Requirement? {
        all.indices.contains(number - 1) ? all[number - 1] : nil
    }
}
