import Directory
import Encoding
import OCPI

/// The `X-Request-ID` and `X-Correlation-ID` of one request (OCPI 2.2.1, 4.1.2 Unique message IDs).
struct MessageIDFactory: Sendable {
    let requestID: String
    let correlationID: String
    /// Names of the missing headers, for which values were generated.
    let generated: [String]

    /// Uses the received ids. In 2.2 both are required, as in the reference node; in 2.2.1 a missing one is generated.
    init(_ head: RequestHead, version: OCPIVersion) throws(OCPIError) {
        if version == .v2_2 {
            guard head.requestID != nil else { throw OCPIError(code: .invalidParameters, message: "X-Request-ID header is missing") }
            guard head.correlationID != nil else {
                throw OCPIError(code: .invalidParameters, message: "X-Correlation-ID header is missing")
            }
        }
        self.init(completing: head)
    }

    /// Uses the received ids and generates missing ones.
    init(completing head: RequestHead) {
        var generated: [String] = []
        if head.requestID == nil { generated.append(OCPIHeader.requestID) }
        if head.correlationID == nil { generated.append(OCPIHeader.correlationID) }
        requestID = head.requestID ?? UUIDText.v4()
        correlationID = head.correlationID ?? UUIDText.v4()
        self.generated = generated
    }
}
