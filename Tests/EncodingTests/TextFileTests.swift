import Encoding
import Foundation
import Glibc
import Testing

@Suite struct TextFileTests {
    /// Runs `body` with the path of a file that is not there yet.
    private func withPath(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ocn-text-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func whatIsWrittenIsRead() throws {
        try withPath { path in
            try TextFile.write("a: é\n", to: path)
            #expect(try TextFile.read(path) == "a: é\n")
        }
    }

    @Test func aByteOrderMarkIsNoText() throws {
        try withPath { path in
            try Data([0xEF, 0xBB, 0xBF] + Array("a: b".utf8)).write(to: URL(fileURLWithPath: path))
            #expect(Array(try TextFile.read(path).utf8) == Array("a: b".utf8))
            try Data([0xEF, 0xBB, 0xBF]).write(to: URL(fileURLWithPath: path))
            #expect(try TextFile.read(path).utf8.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func pipesAndDevicesAreRefusedAtOnce() throws {
        try withPath { path in
            #expect(mkfifo(path, 0o600) == 0)
            for path in [path, "/dev/zero", "/dev/null"] {
                #expect {
                    try TextFile.read(path)
                } throws: {
                    "\($0)" == "cannot read \(path): it is no regular file"
                }
            }
        }
    }

    @Test func aFileThatCannotBeReadSaysWhy() throws {
        #expect {
            try TextFile.read("/")
        } throws: {
            "\($0)" == "cannot read /: Is a directory"
        }
        #expect {
            try TextFile.read("/nowhere/a.yaml")
        } throws: {
            "\($0)" == "cannot read /nowhere/a.yaml: No such file or directory"
        }
        try withPath { path in
            try Data([0x61, 0xFF]).write(to: URL(fileURLWithPath: path))
            #expect {
                try TextFile.read(path)
            } throws: {
                "\($0)" == "\(path) is not UTF-8"
            }
        }
    }
}
