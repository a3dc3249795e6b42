import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// Statuses are sent with the headers that belong to them.
@Suite struct StatusHeadersTests {
    @Test(arguments: [
        "/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/hubclientinfo", "/ocpi/receiver/2.2.1/ocnrules",
        "/ocpi/sender/2.2.1/locations", "/ocpi/custom/sender/parking",
    ]) func a401SaysHowToAuthenticate(_ path: String) async throws {
        for authorization in [nil, "Token bogus"] {
            let answer = try await TestIngress().ask("GET", path, headers(["Authorization": authorization]))
            #expect(answer.status == 401 && answer["WWW-Authenticate"] == "Token", "\(path)")
        }
        #expect(try await TestIngress().ask("GET", path, headers())["WWW-Authenticate"] == nil)
    }

    @Test func whereAWrongTokenIs400ThereIsNothingToAuthenticateWith() async throws {
        let answer = try await TestIngress().ask("GET", "/ocpi/sender/2.2/locations", headers(["Authorization": nil]))
        #expect(answer.status == 400 && answer["WWW-Authenticate"] == nil)
    }

    @Test(
        arguments: [
            ("DELETE", "/ocpi/sender/2.2.1/locations", "GET"), ("DELETE", "/ocpi/sender/2.2/locations/1", "GET"),
            ("POST", "/ocpi/receiver/2.2.1/locations/DE/CPO/1", "GET, PUT, PATCH"),
            ("PATCH", "/ocpi/receiver/2.2.1/tariffs/DE/CPO/1", "GET, PUT, DELETE"), ("GET", "/ocpi/receiver/2.2.1/cdrs", "POST"),
            ("POST", "/ocpi/receiver/2.2.1/cdrs/x", "GET"), ("PUT", "/ocpi/versions", "GET"), ("POST", "/ocpi/2.2.1/hubclientinfo", "GET"),
            ("PATCH", "/ocpi/2.2.1/credentials", "GET, POST, PUT, DELETE"), ("POST", "/ocpi/2.2.1/credentials", "GET, PUT, DELETE"),
            ("PUT", "/ocpi/receiver/2.2.1/ocnrules", "GET"), ("GET", "/ocpi/receiver/2.2.1/ocnrules/whitelist", "POST, PUT"),
            ("GET", "/ocn/message", "POST"), ("POST", "/ocn/client-info", "PUT"), ("POST", "/ocn/registry/node-info", "GET, HEAD"),
        ] as [(String, String, String)]) func a405SaysWhatIsAllowed(_ method: String, _ path: String, _ allowed: String) async throws
    {
        let answer = try await TestIngress().ask(method, path, headers(), body: method == "GET" ? nil : "{}")
        #expect(answer.status == 405 && answer["Allow"] == allowed, "\(answer.status) \(answer["Allow"] ?? "")")
    }

    @Test func whoIsNotRegisteredYetMayPost() async throws {
        let tokenA = ["Authorization": TestIngress.tokenA.authorization(encoding: .base64)]
        let answer = try await TestIngress().ask("PUT", "/ocpi/2.2.1/credentials", tokenA, body: CredentialsTests.body())
        #expect(answer.status == 405 && answer["Allow"] == "GET, POST")
    }

    @Test func anotherNodeIsToldTooWhatAModuleAllows() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        for (method, resource, allowed) in [
            (OCPI.Method.delete, nil, "GET, PUT, PATCH"), (.patch, "https://msp.example/1", "GET"),
        ] as [(OCPI.Method, String?, String)] {
            let message = OCNMessage(
                module: resource == nil ? .tokens : .cdrs, interface: .receiver, method: method, requestID: "r", correlationID: "c",
                sender: party("NL-REM"), receiver: party("DE-MSP"), urlPath: "NL/REM/1", proxyResource: resource)
            let bytes = try message.encoded()
            let answer = try await ingress.ask(
                "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(bytes, with: ingress.remoteKey)],
                body: String(buffer: bytes))
            #expect(answer.status == 405 && answer["Allow"] == allowed, "\(answer.text)")
        }
    }

    @Test(arguments: [429, 503], ["120", "Sun, 06 Nov 1994 08:49:37 GMT"])
    func theCallerIsToldWhenTheRecipientMayBeAskedAgain(_ status: Int, _ when: String) async throws {
        let ingress = TestIngress(bodyLimit: 4096) { request in
            var reply = TestIngress.ok(request)
            reply.httpStatus = status
            reply.headers = ["Retry-After": when]
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == status && answer["Retry-After"] == when)

        // So is the caller's own node, if it is another one.
        let bytes = try OCNMessage(
            module: .tokens, interface: .receiver, method: .get, requestID: "r", correlationID: "c", sender: party("NL-REM"),
            receiver: party("DE-MSP"), urlPath: "NL/REM/1"
        ).encoded()
        let told = try await ingress.ask(
            "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(bytes, with: ingress.remoteKey)],
            body: String(buffer: bytes))
        #expect(told.status == status && told["Retry-After"] == when)
    }
}
