import Encoding
import NIOCore

/// A JSON object of an admin call. It is read strictly: unknown members are refused, so that a typing error changes nothing.
struct AdminBody {
    private let json: JSONValue
    /// The position in the body, as the beginning of an error message; empty for the body itself.
    private let place: String

    /// - Parameters:
    ///   - names: the permitted members.
    ///   - place: e.g. `entry 1: `; empty for the body itself.
    init(_ json: JSONValue, members names: [String], place: String = "") throws(AdminFault) {
        guard let members = json.members else {
            throw AdminFault("\(place.isEmpty ? "the body" : place + "it") must be an object with \(names.joined(separator: ", "))")
        }
        if let unknown = members.first(where: { member in !names.contains { $0.utf8.elementsEqual(member.name.utf8) } }) {
            throw AdminFault(
                "\(place)there is no member '\(ForeignText.shortened(unknown.name))', only "
                    + names.joined(separator: ", "))
        }
        if let name = json.repeated(among: names) { throw AdminFault("\(place)\(name) stands there twice") }
        self.json = json
        self.place = place
    }

    /// Parses a body.
    /// - Parameter example: a valid body, for the error message.
    static func json(_ body: ByteBuffer, like example: String) throws(AdminFault) -> JSONValue {
        guard let json = try? JSONValue.parse(body) else { throw AdminFault("the body is not JSON: write it like \(example)") }
        return json
    }

    /// A string member; nil if it is missing or null.
    func string(_ name: String) throws(AdminFault) -> String? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let text = value.string else { throw AdminFault("\(place)\(name) must be a string") }
        return text
    }

    /// A Boolean member; nil if it is missing or null.
    func bool(_ name: String) throws(AdminFault) -> Bool? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let bool = value.bool else { throw AdminFault("\(place)\(name) must be true or false") }
        return bool
    }
}
