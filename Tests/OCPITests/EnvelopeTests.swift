import Encoding
import NIOCore
import OCPI
import Testing

@Suite struct EnvelopeTests {
    @Test func successHasItsMembersInOrder() throws {
        let envelope = try JSONValue.parse(Envelope.success(data: ["a": 1], message: "ok"))
        #expect(envelope.members?.map(\.name) == ["status_code", "status_message", "data", "timestamp"])
        #expect(envelope["status_code"]?.int == 1000)
        #expect(envelope["timestamp"]?.string.flatMap { Timestamp(rfc3339: $0) } != nil)
    }

    @Test func absentMembersAreLeftOutAndMessagesAreEscaped() throws {
        #expect(try JSONValue.parse(Envelope.success()).members?.map(\.name) == ["status_code", "timestamp"])
        let error = try JSONValue.parse(Envelope.error(code: .timeout, message: "a \"b\"\n"))
        #expect(error.members?.map(\.name) == ["status_code", "status_message", "timestamp"])
        #expect(error["status_code"]?.int == 4002)
        #expect(error["status_message"]?.string == "a \"b\"\n")
        let same = try JSONValue.parse(Envelope.error(OCPIError(code: .timeout, message: "m")))
        #expect(same["status_message"] == "m")
    }

    @Test(arguments: [
        (OCPIError(code: .clientError, message: ""), 400, 200), (OCPIError(code: .invalidParameters, message: ""), 400, 200),
        (OCPIError(code: .unknownLocation, message: ""), 404, 200), (OCPIError(code: .unknownToken, message: ""), 400, 200),
        (OCPIError(code: .unableToUseClientAPI, message: ""), 200, 200), (OCPIError(code: .unknownReceiver, message: ""), 200, 200),
        (OCPIError(code: .invalidParameters, message: "", kind: .unauthorized), 400, 401),
        (OCPIError(code: .invalidParameters, message: "", kind: .unparsable), 400, 400),
        (OCPIError(code: .unknownLocation, message: "", kind: .notFound), 404, 404),
        (OCPIError(code: .clientError, message: "", kind: .methodNotAllowed([.get])), 405, 405),
        (OCPIError(code: .clientError, message: "", kind: .tooLarge), 413, 413),
        (OCPIError(code: .serverError, message: "", kind: .busy(retryAfterSeconds: 2)), 503, 503),
    ]) func theHTTPStatusDependsOnTheDialect(error: OCPIError, in2_2: Int, in2_2_1: Int) {
        #expect(error.httpStatus(for: .v2_2) == in2_2)
        #expect(error.httpStatus(for: .v2_2_1) == in2_2_1)
    }

    @Test func vocabularyKnowsItself() {
        #expect(StatusCode.success.isSuccess && StatusCode(rawValue: 1900).isSuccess && !StatusCode.clientError.isSuccess)
        #expect(OCPIVersion.v2_2 < .v2_2_1 && OCPIVersion.allCases.max() == .v2_2_1)
        #expect(Method.put.isIdempotent && Method.delete.isIdempotent && !Method.post.isIdempotent && !Method.patch.isIdempotent)
        #expect(InterfaceRole(path: "sender") == .sender && InterfaceRole(path: "Sender") == nil)
    }
}
