package import Testbed

/// The place where input enters a node.
package enum Surface: String, Sendable, CaseIterable {
    /// The public port, open to parties and all other clients.
    case `public`
    /// Other nodes: `/ocn/message` and `/ocn/client-info`.
    case node
    /// The topics, writable by anyone with the right to do so.
    case records

    /// The random numbers of one case. They are independent of those of other cases, so that a single case can be repeated.
    package func numbers(seed: UInt64, case number: Int) -> SeededNumbers {
        let surface = UInt64(Surface.allCases.firstIndex(of: self) ?? 0) + 1
        // The generator's step must not turn adjacent seeds into the same sequence with an offset.
        var mixer = SeededNumbers(seed: seed ^ (surface << 56))
        return SeededNumbers(seed: mixer.next() ^ (UInt64(bitPattern: Int64(number)) &* 0xD134_2543_DE82_EF95))
    }
}
