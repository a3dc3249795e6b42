import Admin
import Encoding
import HTTPTypes
import Hummingbird
import Inbound
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Telemetry

/// Knows where the client is.
struct PrivateContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
