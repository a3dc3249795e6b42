import Glibc

/// Small text files.
enum TextFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Writes a file so that a reader sees all of it or nothing.
    static func write(_ text: String, to path: String) throws {
        let temporary = path + ".part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))") }
        let bytes = Array(text.utf8)
        let written = Glibc.write(file, bytes, bytes.count)
        close(file)
        guard written == bytes.count, rename(temporary, path) == 0 else {
            throw Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
