/// One name and value of a JSON object.
package struct JSONMember: Sendable, Equatable {
    /// The unescaped name.
    package var name: String
    /// The member's value.
    package var value: JSONValue

    package init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}
