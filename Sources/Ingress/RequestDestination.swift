import Credentials
import Directory
import Inbound
import Kafka
import OCPI
import Topics

/// The handler of a request path on the public listener.
enum RequestDestination: Sendable, Equatable {
    case module(ModuleRoute)
    /// Versions, credentials, hub client info and OcnRules: answered by the node itself.
    case configuration(Route)
    /// `/ocn/message`, for a caller of that version.
    case message(OCPIVersion)
    /// `/ocn/client-info`
    case clientInfo
    case registry(RegistryEndpoint.Question)
    /// A malformed path below a module.
    case notFoundBelow(ModuleRoute)
    case notFound

    init(_ head: RequestHead) {
        if let route = Route.parse(path: head.path) {
            switch route {
            case .module(let module): self = .module(module)
            case .versions, .versionDetails, .credentials, .hubClientInfo, .ocnRules: self = .configuration(route)
            }
        } else if head.path == MessageEndpoint.path {
            // The reference nodes do not send the version; they use 2.2.
            self = .message(head.callerVersion ?? .v2_2)
        } else if head.path == "/ocn/client-info" {
            self = .clientInfo
        } else if let question = RegistryEndpoint.Question(path: head.path) {
            self = .registry(question)
        } else if let module = Route.module(above: head.path) {
            self = .notFoundBelow(module)
        } else {
            self = .notFound
        }
    }

    /// The OCPI version whose status codes an error uses.
    var version: OCPIVersion {
        switch self {
        case .module(let route), .notFoundBelow(let route): route.version
        case .configuration(.versionDetails(let version)), .configuration(.credentials(let version)),
            .configuration(.hubClientInfo(let version)), .configuration(.ocnRules(let version, _)):
            version
        case .message(let version): version
        case .clientInfo: .v2_2
        case .configuration, .registry, .notFound: .v2_2_1
        }
    }

    /// Whether the request cannot be answered without a write to Kafka.
    func needsKafka(_ method: Method) -> Bool {
        switch self {
        case .module, .message, .clientInfo: true
        case .configuration: !method.isRead
        case .registry, .notFoundBelow, .notFound: false
        }
    }

    /// Metric label.
    var label: String {
        switch self {
        case .module(let route), .notFoundBelow(let route): route.isCustom ? IngressMetrics.custom : route.module.rawValue
        case .configuration(.credentials): ModuleID.credentials.rawValue
        case .configuration(.hubClientInfo), .clientInfo: ModuleID.hubclientinfo.rawValue
        case .configuration(.ocnRules): IngressMetrics.rules
        case .configuration: ModuleID.versions.rawValue
        case .message: IngressMetrics.message
        case .registry, .notFound: IngressMetrics.other
        }
    }
}
