/// A requirement of OCPI 2.2, 2.2.1 or 2.3.0 for a hub, stated or derived.
package struct Requirement: Sendable, Hashable {
    /// The strength of the requirement in the specification.
    package enum Level: String, Sendable, CaseIterable {
        /// Stated as must or shall.
        case must = "M"
        /// Stated as should, advised, expected.
        case should = "S"
        /// Not stated, but without it the stated rules do not hold through a hub.
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

        /// The heading.
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

    /// The number, 1 to 151.
    package let number: Int
    /// The strength.
    package let level: Level
    /// The requirement in one line.
    package let title: String
    /// The chapter.
    package let section: Section

    /// The requirement of that number; nil if there is none.
    package static func numbered(_ number: Int) -> Requirement? {
        all.indices.contains(number - 1) ? all[number - 1] : nil
    }
}
