import Encoding

/// The place where a value was given.
enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    case flag(String)
    case variable(String)
    case file(path: String, line: Int)
    /// The program itself, for example the demo for its nodes.
    case program

    var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .variable(let name): "environment variable \(name)"
        case .file(let path, let line): "\(path), line \(line)"
        case .program: "this program"
        }
    }
}
