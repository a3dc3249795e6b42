import Encoding
import Glibc
import NIOCore
import ServiceLifecycle

/// A service that listens, and whose errors name the setting to change.
struct Listening: Service {
    let service: any Service
    /// The address, e.g. `0.0.0.0:8080`.
    let address: String
    /// Prefix of its settings, e.g. `http.public`.
    let settings: String

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw ConfigurationError(description: "cannot listen on \(address) (\(settings).host, \(settings).port): \(Self.reason(error))")
        } catch let error as SocketAddressError {
            throw noAddress("\(error)")
        } catch let error as SocketAddressError.UnknownHost {
            throw noAddress(error.errorDescription)
        }
    }

    private func noAddress(_ reason: String) -> ConfigurationError {
        ConfigurationError(
            description: "cannot listen on \(ForeignText.shortened(address)): \(settings).host must be an address of this machine, "
                + "or 0.0.0.0 for all (\(ForeignText.printable(reason)))")
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case EADDRINUSE: "the port is in use. Is another process of this node running here? Stop it, or choose another port."
        case EACCES: "this user may not open that port. Choose one above 1023."
        case EADDRNOTAVAIL: "this machine has no such address. 0.0.0.0 listens on all."
        default: String(cString: strerror(error.errnoCode))
        }
    }
}
