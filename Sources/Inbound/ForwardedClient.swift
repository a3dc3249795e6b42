import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Tells the connection's ``SocketMonitor`` whose answers come next, where a proxy speaks for many clients. Sits where requests come one at a
/// time.
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
