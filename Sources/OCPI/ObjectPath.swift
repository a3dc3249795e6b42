/// What stands below the endpoint of a functional module, as the ids that it consists of. Only for deciding: the path goes on as it came.
package struct ObjectPath: Hashable, Sendable {
    /// One for each segment.
    package let ids: [CiString]
    /// The party of `<country>/<party>/<id>…`, the path of an object that its owner writes at somebody else's. Nil for other paths.
    package let owner: PartyID?

    /// - Parameter remainder: the path below the endpoint, verbatim.
    package init(_ remainder: String) {
        let segments = remainder.split(separator: "/")
        ids = segments.map { CiString(segment: $0) }
        owner = segments.count >= 3 ? PartyID(segments: segments[0], segments[1]) : nil
    }

    /// The object of `<country>/<party>/<id>…`: what follows are parts of it. Nil for shorter paths.
    package var object: CiString? { ids.count >= 3 ? ids[2] : nil }

    /// The same text for every spelling of the same path.
    package var canonical: String { ids.map(\.canonical).joined(separator: "/") }
}
