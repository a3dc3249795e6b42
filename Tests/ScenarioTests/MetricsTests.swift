import Foundation
import Instruments
import Support
import Testing

@testable import Node
@testable import ocn

@Suite struct MetricsCommandTests {
    @Test func theCommandPrintsTheArticle() async throws {
        let (status, text) = try await RunningProgram.run(["metrics"])
        #expect(status == 0 && text == ProgramMetrics.article)
    }
}

extension Scenarios {
    @Suite(.serialized) struct MetricsTests {
        @Test(.timeLimit(.minutes(5))) func aNodeShowsExactlyWhatIsDeclaredAndPromtoolFindsNothing() async throws {
            try await Broker.with { broker, prefix, programs, folder in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
                _ = try await programs.startNode(node)
                _ = try await TestNode.call("GET", node.publicURL + "/ocpi/versions")
                let answer = try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/metrics")
                #expect(answer.status == 200)
                try expectDeclared(Exposition(answer.body))
                #expect(answer.body.contains("\nocn_build_info{version=\"\(Program.version)\"} 1\n"))
                try await promtool(answer.body, folder)
            }
        }

        private func expectDeclared(_ shown: Exposition) throws {
            let declared = Dictionary(uniqueKeysWithValues: ProgramMetrics.declarations.map { ($0.name, $0) })
            #expect(Set(shown.families.keys).subtracting(declared.keys) == [], "shown and not declared")
            #expect(Set(declared.keys).subtracting(shown.families.keys) == [], "declared and not shown by a node with all roles")
            for (name, family) in shown.families {
                guard let declaration = declared[name] else { continue }
                #expect(family.help == declaration.help && family.kind == declaration.kind.rawValue, "\(name)")
                #expect(!family.series.isEmpty, "\(name)")
                for labels in family.series {
                    #expect(Set(labels.keys) == Set(declaration.labels.map(\.name)), "\(name)")
                    for label in declaration.labels where !label.values.isEmpty {
                        #expect(label.values.contains(labels[label.name] ?? ""), "\(name)")
                    }
                }
            }
        }

        private func promtool(_ text: String, _ folder: URL) async throws {
            let file = folder.appendingPathComponent("metrics.txt")
            try text.write(to: file, atomically: true, encoding: .utf8)
            let process = Process()
            process.executableURL = try ProjectFiles.tool("promtool")
            process.arguments = ["check", "metrics"]
            process.standardInput = try FileHandle(forReadingFrom: file)
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let found = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(String(decoding: found, as: UTF8.self))")
        }
    }
}

/// A parser of Prometheus' text format.
private struct Exposition {
    struct Family {
        var help = ""
        var kind = ""
        /// The labels of each sample, without those that a histogram adds.
        var series: [[String: String]] = []
    }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# ") {
                try #require(words.count == 4, "\(line)")
                if words[1] == "HELP" { families[words[2], default: Family()].help = words[3] }
                if words[1] == "TYPE" { families[words[2], default: Family()].kind = words[3] }
            } else {
                let sample = try #require(line.wholeMatch(of: /([a-z_]+)(?:\{(.*)\})? \S+/), "\(line)")
                var labels: [String: String] = [:]
                for pair in (sample.2 ?? "").matches(of: /([a-z_]+)="([^"]*)"/) { labels[String(pair.1)] = String(pair.2) }
                labels["le"] = nil
                let name = String(sample.1)
                let family = ["_bucket", "_sum", "_count"].filter { name.hasSuffix($0) }.map { String(name.dropLast($0.utf8.count)) }
                    .first { families[$0]?.kind == "histogram" }
                families[family ?? name, default: Family()].series.append(labels)
            }
        }
    }
}
