import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Reports the client of each request to the connection's ``SocketMonitor``, because a proxy's connection carries the requests of many
/// clients. Its place in the pipeline is where requests come one at a time.
final class ForwardedClient: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let proxies: TrustedProxies
    private let watch: SocketMonitor

    init(_ proxies: TrustedProxies, _ watch: SocketMonitor) {
        self.proxies = proxies
        self.watch = watch
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            watch.serve(proxies.client(of: head.headerFields, from: context.remoteAddress?.ipAddress ?? ""))
        }
        context.fireChannelRead(data)
    }
}
