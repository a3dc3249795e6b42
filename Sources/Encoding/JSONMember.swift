/// One name and value of a JSON object.
package struct JSONMember: Sendable, Equatable {
    /// Unescaped.
    package var name: String
    /// What the name stands for.
    package var value: JSONValue

    /// A member as it is to be written.
    package init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}
