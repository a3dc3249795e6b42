package import Encoding
import Testbed

/// The inputs of a run. The seed determines the cases; their bytes also depend on the material.
package struct Inputs: Sendable {
    private let seed: UInt64
    private let material: Material

    /// - Parameters: what the cases are made from.
    package init(seed: UInt64, _ material: Material) {
        self.seed = seed
        self.material = material
    }

    /// A case for the public port.
    package func request(_ number: Int) -> RequestCase {
        var numbers = Surface.public.numbers(seed: seed, case: number)
        return numbers.chance(35) ? BrokenHTTP(material: material).make(&numbers) : OCPIRequests(material: material).make(&numbers)
    }

    /// A case for the node port.
    package func message(_ number: Int) -> RequestCase {
        var numbers = Surface.node.numbers(seed: seed, case: number)
        return NodeCases(material: material).make(&numbers)
    }

    /// A case for the topics.
    /// - Parameter now: the current time; most records have it.
    package func record(_ number: Int, now: Timestamp) -> RecordCase {
        var numbers = Surface.records.numbers(seed: seed, case: number)
        return RecordCases(material: material, now: now).make(&numbers)
    }
}
