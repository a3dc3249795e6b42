import Glibc

/// Reads and writes small text files that operators name.
package enum TextFile {
    /// The reason why a file was not read or written.
    package struct Failure: Error, CustomStringConvertible {
        /// The operation, the file and the reason.
        package let description: String
    }

    /// The byte order mark that some editors write at the beginning; it belongs to no line.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Writes a file atomically: a reader sees all of it or nothing.
    package static func write(_ text: String, to path: String) throws {
        let temporary = path + ".part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", path) }
        let bytes = Array(text.utf8)
        let written = Glibc.write(file, bytes, bytes.count)
        close(file)
        guard written == bytes.count, rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    /// Reads a whole file, without a leading byte order mark. Never waits for a writer: pipes and devices are refused.
    package static func read(_ path: String) throws(Failure) -> String {
        let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("read", path) }
        // Reading a directory fails with its own reason.
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { throw Failure(description: "cannot read \(path): it is no regular file") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        guard let text = String(validating: bytes[start...], as: UTF8.self) else { throw Failure(description: "\(path) is not UTF-8") }
        return text
    }

    private static func failure(_ act: String, _ path: String) -> Failure {
        Failure(description: "cannot \(act) \(path): \(String(cString: strerror(errno)))")
    }
}
