import Encoding
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

// The URLs that another node may make this one call with `proxy_resource`.
extension MessageTests {
    /// DE-MSP's platform with a list of sessions, a URL for results of commands with its credentials below, and versions.
    private func ingressWithEndpoints() -> TestIngress {
        let ingress = TestIngress(bodyLimit: 4096)
        ingress.state.withLock { state in
            var platform = state.directory.platform(id: "msp")
            platform?.versionsURL = "https://msp.example/ocpi/versions"
            let endpoints = [
                Endpoint(module: .commands, interface: .sender, url: "https://msp.example/ocpi/c"),
                Endpoint(module: .sessions, interface: .sender, url: "https://msp.example/ocpi/sessions?key=1"),
                Endpoint(module: .credentials, interface: .receiver, url: "https://msp.example/ocpi/c/credentials"),
                Endpoint(module: .hubclientinfo, interface: .receiver, url: "https://msp.example/ocpi/sessions/clients"),
                Endpoint(module: .cdrs, interface: .receiver, url: "https://msp.example/ocpi/cdrs"),
            ]
            for fact in [platform.map(Fact.platform), .endpoints(platform: "msp", endpoints)].compactMap({ $0 }) {
                state.directory.apply(key: fact.key, fact)
            }
        }
        return ingress
    }

    private func proxied(
        _ method: OCPI.Method, _ module: ModuleID, _ url: String, as interface: InterfaceRole = .sender, path: String? = nil
    ) throws -> String {
        try message {
            $0.module = module
            $0.interface = interface
            $0.method = method
            $0.urlPath = path
            $0.query = nil
            $0.proxyResource = url
            if method.isRead { $0.body = nil }
        }
    }

    @Test func whatLiesBelowTheModulesEndpointMayBeAskedFor() async throws {
        let ingress = ingressWithEndpoints()
        let urls = ["https://msp.example/ocpi/c/START_SESSION/17?x=1", "HTTPS://msp.example:443/ocpi/c/x%20y|z"]
        for url in urls { #expect(try await send(proxied(.post, .commands, url, path: "START_SESSION/17"), to: ingress).status == 200) }
        let page = "https://msp.example/ocpi/sessions?offset=5&key=1"
        #expect(try await send(proxied(.get, .sessions, page), to: ingress).status == 200)
        let cdr = "https://msp.example/ocpi/cdrs/9"
        #expect(try await send(proxied(.get, .cdrs, cdr, as: .receiver), to: ingress).status == 200)
        #expect(ingress.produced.map(\.target) == urls + [page, cdr])
        #expect(ingress.produced.first?.key == "NL-REM|commands-result|17")
    }

    /// Otherwise another node could take over a party's registration by calling its credentials with its token.
    @Test(arguments: [
        "https://msp.example/ocpi/c/credentials", "https://msp.example/ocpi/c/credentials/", "https://msp.example/ocpi/c/credentials?a",
        "https://msp.example/ocpi/c//credentials", "https://msp.example/ocpi/c/%63redentials", "https://msp.example/ocpi/c/Credentials/x",
        "https://msp.example/ocpi/c/x/../credentials", "https://msp.example/ocpi/c/%2e%2e/c/credentials",
        "https://msp.example/ocpi/c%2Fcredentials", #"https://msp.example/ocpi/c\credentials"#, "https://msp.example/ocpi/versions",
        "https://msp.example/ocpi/sessions/clients/DE/MSP", "https://msp.example/ocpi/sessions?offset=1", "https://msp.example/ocpi/cc",
        "https://msp.example/", "https://cpo.example/ocpi/c/1", "http://msp.example/ocpi/c/1", "https://msp.example/ocpi/c/1#x",
        "https://msp.example/ocpi/c/1 2", "https://msp.example@evil.example/ocpi/c/1", "/ocpi/c/1", "",
    ])
    func nothingElseMayBeAskedFor(url: String) async throws {
        let ingress = ingressWithEndpoints()
        for method in [OCPI.Method.get, .put, .post, .patch, .delete] {
            let answer = try await send(proxied(method, .commands, url), to: ingress)
            #expect(answer.status == 400 && answer.code == 2001 || answer.status == 405, "\(method): \(answer.status)")
        }
        #expect(ingress.produced.isEmpty)
    }

    @Test func whatLacksTheQueryOfTheEndpointIsNotBelowIt() async throws {
        let ingress = ingressWithEndpoints()
        for query in ["", "?offset=5", "?key=2", "?key=10"] {
            let page = "https://msp.example/ocpi/sessions" + query
            #expect(try await send(proxied(.get, .sessions, page), to: ingress).code == 2001, "\(query)")
        }
        #expect(ingress.produced.isEmpty)
    }

    @Test func aModuleIsOnlyAskedForWhatItHas() async throws {
        let ingress = ingressWithEndpoints()
        for method in [OCPI.Method.get, .put, .patch, .delete] {
            let answer = try await send(proxied(method, .commands, "https://msp.example/ocpi/c/START_SESSION/17"), to: ingress)
            #expect(answer.status == 405, "\(method)")
        }
        #expect(try await send(proxied(.delete, .cdrs, "https://msp.example/ocpi/cdrs/9", as: .receiver), to: ingress).status == 405)
        #expect(try await send(message { $0.method = .delete }, to: ingress).status == 405)
        #expect(try await send(message { $0.urlPath = "/a/b/c/d/e/f" }, to: ingress).status == 404)
        #expect(ingress.produced.isEmpty)
    }

    @Test func whatThisNodeHasHandedOutMayBeAskedForByWhomItWasGivenTo() async throws {
        let ingress = ingressWithEndpoints()
        let url = "https://msp.example/results/17"
        #expect(try await send(proxied(.post, .commands, url), to: ingress).code == 2001)
        let given = Capability(
            kind: .callback, owner: party("DE-MSP"), user: party("NL-REM"), target: .url(url), expires: .now.adding(milliseconds: 60_000))
        ingress.state.withLock { $0.capabilities[given.handedOutID] = given }
        #expect(try await send(proxied(.post, .commands, url), to: ingress).status == 200)
        #expect(try await send(proxied(.post, .commands, url + "0"), to: ingress).code == 2001)
        // A proxy_uid of the other node is not a URL that this node has handed out, whatever it refers to.
        var forged = given
        forged.target = .url("https://msp.example/ocpi/c/credentials")
        ingress.state.withLock { $0.capabilities[forged.handedOutID] = forged }
        #expect(try await send(proxied(.post, .commands, "https://msp.example/ocpi/c/credentials"), to: ingress).code == 2001)
        #expect(ingress.produced.map(\.target) == [url])
        // An id that the other node invented was not handed out either.
        let other = "https://msp.example/results/18"
        var made = given
        made.target = .url(other)
        let id = made.handedOutID
        (made.owner, made.user) = (made.user, made.owner)
        ingress.state.withLock { $0.capabilities[id] = made }
        #expect(try await send(proxied(.post, .commands, other), to: ingress).code == 2001)
        let claim = try message {
            $0.proxyUID = id
            $0.proxyResource = other
        }
        #expect(try await send(claim, to: ingress).code == 2001)
    }
}
