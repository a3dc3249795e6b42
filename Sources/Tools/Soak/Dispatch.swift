import Encoding
import NIOCore
import OCPI
import Testbed

/// One request to be sent.
struct Dispatch: Sendable {
    /// The request's entry in the ledger.
    let message: Ledger.Message
    let method: OCPI.Method
    let module: ModuleID
    /// The path below the module's endpoint.
    let path: String
    let body: ByteBuffer

    /// A hash of what a recipient must receive, stable within one process.
    static func fingerprint(_ method: String, _ module: String, _ path: String, _ body: ByteBuffer) -> Int {
        var hasher = Hasher()
        hasher.combine(method)
        hasher.combine(module)
        hasher.combine(path)
        hasher.combine(body)
        return hasher.finalize()
    }
}
