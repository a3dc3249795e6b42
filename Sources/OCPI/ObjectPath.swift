/// The path below the endpoint of a functional module, split into ids. For decisions only: forwarded paths stay unchanged.
package struct ObjectPath: Hashable, Sendable {
    /// One id for each segment.
    package let ids: [CiString]
    /// The party of `<country>/<party>/<id>…`, the path of an object that its owner writes at another party. Nil for other paths.
    package let owner: PartyID?

    /// - Parameter remainder: the path below the endpoint, verbatim.
    package init(_ remainder: String) {
        let segments = remainder.split(separator: "/")
        ids = segments.map { CiString(segment: $0) }
        owner = segments.count >= 3 ? PartyID(segments: segments[0], segments[1]) : nil
    }

    /// The object of `<country>/<party>/<id>…`; later segments are parts of it. Nil for shorter paths.
    package var object: CiString? { ids.count >= 3 ? ids[2] : nil }

    /// The common text of all spellings of the path.
    package var canonical: String { ids.map(\.canonical).joined(separator: "/") }
}
