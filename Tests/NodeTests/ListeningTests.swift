import NIOCore
import ServiceLifecycle
import Testing

@testable import Node

@Suite struct ListeningTests {
    /// Resolves a host that does not exist.
    private struct Resolving: Service {
        func run() async throws { _ = try SocketAddress.makeAddressResolvingHost("not a host", port: 1) }
    }

    @Test func aHostThatIsNoneIsToldWithTheSettingThatNamesIt() async {
        await #expect {
            try await Listening(service: Resolving(), address: "not a host:1", settings: "http.public").run()
        } throws: { error in
            error is ConfigurationError
                && "\(error)".hasPrefix(
                    "cannot listen on not a host:1: http.public.host must be an address of this machine, or 0.0.0.0 for all (")
                && !"\(error)".contains("SocketAddressError")
        }
    }
}
