package import Foundation

/// Files of the project beside the Swift code, and the tools that only tests use.
package enum ProjectFiles {
    /// The folder of `Package.swift`.
    package static let root: URL = {
        if let named = ProcessInfo.processInfo.environment["OCN_RELAY_ROOT"] { return URL(fileURLWithPath: named) }
        // Tests/Support/ProjectFiles.swift
        return URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }()

    /// A file's text, by its path below the root.
    package static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// A program that `Deploy/dev/setup --tests` puts into `.build/tools`, or that is installed.
    /// - Throws: what is missing and how to get it.
    package static func tool(_ path: String) throws -> URL {
        let installed = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { URL(fileURLWithPath: String($0)) }
        let folders = [root.appendingPathComponent(".build/tools")] + installed
        let found = folders.map { $0.appendingPathComponent(path) }.first { FileManager.default.isExecutableFile(atPath: $0.path) }
        guard let found else { throw Missing(path: path) }
        return found
    }

    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) is not installed: run Deploy/dev/setup --tests" }
    }
}
