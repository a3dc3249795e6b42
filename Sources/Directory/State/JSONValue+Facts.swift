import Encoding
import OCPI

// Members in the form that records of `ocn.state` use.
extension JSONValue {
    func party(_ name: String) -> PartyID? { self[name]?.string.flatMap { PartyID($0) } }
    func time(_ name: String) -> Timestamp? { self[name]?.string.flatMap(Timestamp.init(rfc3339:)) }
    func strings(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }
}
