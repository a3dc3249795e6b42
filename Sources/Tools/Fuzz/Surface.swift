package import Testbed

/// Where input enters a node.
package enum Surface: String, Sendable, CaseIterable {
    /// Parties, and whoever reaches the public port.
    case `public`
    /// Other nodes: `/ocn/message` and `/ocn/client-info`.
    case node
    /// Whoever may write to the topics.
    case records

    /// The numbers of one case: each is made by itself, so that it can be made again without those before it.
    package func numbers(seed: UInt64, case number: Int) -> SeededNumbers {
        let surface = UInt64(Surface.allCases.firstIndex(of: self) ?? 0) + 1
        // Neighbouring cases must not be the same sequence a step apart, which seeds that differ by the generator's own step would be.
        var mixer = SeededNumbers(seed: seed ^ (surface << 56))
        return SeededNumbers(seed: mixer.next() ^ (UInt64(bitPattern: Int64(number)) &* 0xD134_2543_DE82_EF95))
    }
}
