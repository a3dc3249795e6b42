import Encoding
package import OCPI

/// The output of `--keep-running`: addresses, and commands to paste into another terminal.
package struct RunningGuide: Sendable {
    /// One line of text.
    package struct Line: Sendable, Equatable {
        /// The text without line breaks, so that it can be pasted.
        package let text: String
        /// Whether it is a heading.
        package let isHeading: Bool
    }

    /// A node with its addresses and admin token.
    package struct NodeAccess: Sendable {
        let name: String
        let node: DemoNode
        let kafka: String

        /// - Parameters:
        ///   - name: for example `node 1`.
        ///   - node: its addresses and admin token.
        ///   - kafka: bootstrap address.
        package init(name: String, node: DemoNode, kafka: String) {
            self.name = name
            self.node = node
            self.kafka = kafka
        }
    }

    /// A party with its token at its node.
    package struct PartyAccess: Sendable {
        let profile: PartyProfile
        let url: String
        let node: NodeAccess
        let token: Token

        /// - Parameters:
        ///   - profile: its identity.
        ///   - url: its own server.
        ///   - node: its node.
        ///   - token: token C, with which it calls the node.
        package init(profile: PartyProfile, url: String, node: NodeAccess, token: Token) {
            self.profile = profile
            self.url = url
            self.node = node
            self.token = token
        }
    }

    private let nodes: [NodeAccess]
    private let cpo: PartyAccess
    private let emsp: PartyAccess
    private let parties: [PartyAccess]
    private let outbox: String
    private let requests: String

    /// - Parameters:
    ///   - nodes: both nodes.
    ///   - parties: all parties.
    ///   - cpo: the CPO that has an agreement, one of the parties.
    ///   - emsp: the eMSP, one of the parties.
    ///   - outbox: the topic of the billing service's copies.
    ///   - requests: the topic of all requests.
    package init(
        nodes: [NodeAccess], parties: [PartyAccess], cpo: PartyAccess, emsp: PartyAccess, outbox: String, requests: String
    ) {
        self.nodes = nodes
        self.parties = parties
        self.cpo = cpo
        self.emsp = emsp
        self.outbox = outbox
        self.requests = requests
    }

    /// The text form.
    package var lines: [Line] {
        var lines = [heading("Everything stays up until Ctrl-C. Nodes:")]
        for access in nodes {
            lines.append(text("  \(access.name)  \(access.node.publicURL)  admin \(access.node.adminURL)  Kafka \(access.kafka)"))
            lines.append(text("          admin header  Authorization: Token \(access.node.adminToken)"))
        }
        lines.append(heading("Parties (token C, as the Credentials object has it; the header carries it in base64):"))
        for party in parties {
            lines.append(text("  \(party.profile.id)  \(party.profile.part.title.padded(to: 15))  \(party.url)  \(party.token.raw)"))
        }
        for (title, command) in commands {
            lines.append(text(""))
            lines.append(heading(title))
            lines.append(text(command))
        }
        return lines
    }

    /// The JSON form.
    var members: [(String, JSONValue)] {
        [
            (
                "nodes",
                .array(
                    nodes.map {
                        [
                            "name": .string($0.name), "url": .string($0.node.publicURL), "admin_url": .string($0.node.adminURL),
                            "admin_token": .string($0.node.adminToken), "kafka": .string($0.kafka),
                        ]
                    })
            ),
            (
                "parties",
                .array(
                    parties.map {
                        [
                            "id": .string($0.profile.id.description), "url": .string($0.url), "node": .string($0.node.name),
                            "token": .string($0.token.raw),
                        ]
                    })
            ),
            ("commands", .array(commands.map { ["what": .string($0.title), "command": .string($0.command)] })),
        ]
    }

    private var commands: [(title: String, command: String)] {
        let cdr =
            #"{"country_code":"\#(cpo.profile.id.country)","party_id":"\#(cpo.profile.id.party)","id":"CDR-BY-HAND","#
            + #""session_id":"SES-BY-HAND","currency":"EUR","total_cost":{"excl_vat":1.00,"incl_vat":1.19}}"#
        let start =
            #"{"response_url":"\#(emsp.url)/ocpi/2.2.1/commands/START_SESSION/by-hand","location_id":"MARKT","#
            + #""token":{"uid":"04B5C6D7E8F901"}}"#
        return [
            (
                "The eMSP fetches locations from \(cpo.profile.id), through both nodes:",
                curl(emsp, to: cpo, "/ocpi/sender/2.2.1/locations?limit=1", options: "-i ")
            ),
            (
                "The eMSP starts a session at \(cpo.profile.id); the result comes back to its own server:",
                curl(emsp, to: cpo, "/ocpi/receiver/2.2.1/commands/START_SESSION", options: "-X POST ", body: start)
            ),
            (
                "\(cpo.profile.id) sends a CDR; the billing service gets a copy:",
                curl(cpo, to: emsp, "/ocpi/receiver/2.2.1/cdrs", options: "-i -X POST ", body: cdr)
            ),
            ("The billing service's own topic, read by any Kafka client (Debian: kcat, formerly kafkacat):", kcat(outbox)),
            ("Every request that node 1 accepted:", kcat(requests)),
        ]
    }

    private func curl(_ from: PartyAccess, to: PartyAccess, _ path: String, options: String, body: String? = nil) -> String {
        let headers = [
            "Authorization: \(from.token.authorization(encoding: .base64))", "X-Correlation-ID: by-hand",
            "OCPI-from-country-code: \(from.profile.id.country)", "OCPI-from-party-id: \(from.profile.id.party)",
            "OCPI-to-country-code: \(to.profile.id.country)", "OCPI-to-party-id: \(to.profile.id.party)",
        ]
        // A new id per call: a repeated POST with the same id would get the first answer again.
        let requestID = #" -H "X-Request-ID: $(cat /proc/sys/kernel/random/uuid)""#
        let type = body == nil ? "" : " -H 'Content-Type: application/json'"
        let data = body.map { " -d '\($0)'" } ?? ""
        return "curl -s \(options)'\(from.node.node.publicURL)\(path)'" + headers.map { " -H '\($0)'" }.joined() + requestID + type + data
    }

    private func kcat(_ topic: String) -> String {
        #"kcat -C -e -q -b \#(nodes.first?.kafka ?? "") -t \#(topic) -o beginning -f '%t[%p]@%o  %k\n%h\n%s\n\n'"#
    }

    private func heading(_ text: String) -> Line { Line(text: text, isHeading: true) }
    private func text(_ text: String) -> Line { Line(text: text, isHeading: false) }
}
