import Glibc

/// Small text files that operators name.
package enum TextFile {
    /// Why a file was not read or written.
    package struct Failure: Error, CustomStringConvertible {
        /// What was tried, which file, and why it failed.
        package let description: String
    }

    /// How a text may begin that some editors write; it belongs to no line.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Writes a file so that a reader sees all of it or nothing.
    package static func write(_ text: String, to path: String) throws {
        let temporary = path + ".part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", path) }
        let bytes = Array(text.utf8)
        let written = Glibc.write(file, bytes, bytes.count)
        close(file)
        guard written == bytes.count, rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    /// Reads a whole file, without the byte order mark that it may begin with. Never waits for a writer: a pipe or a device is refused.
    package static func read(_ path: String) throws(Failure) -> String {
        let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("read", path) }
        // Reading a directory fails and says why.
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
