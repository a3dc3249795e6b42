import Support
import Testing

@testable import Outbound

/// The assignment of clients to names and addresses.
@Suite struct PinnedClientsTests {
    private struct Made: Equatable {
        let number: Int
        let addresses: [String: String]
    }

    private struct Maker {
        var pins = PinnedClients<Made>()
        var made = 0

        mutating func lease(_ name: String, at address: String) -> (lease: (client: Made, id: Int)?, retired: [Made]) {
            var number = made
            defer { made = number }
            return pins.lease(name, at: address) { addresses in
                number += 1
                return Made(number: number, addresses: addresses)
            }
        }
    }

    @Test func aNameKeepsItsClientUntilItMoves() throws {
        var maker = Maker()
        let first = try #require(maker.lease("a", at: "1").lease)
        let again = try #require(maker.lease("a", at: "1").lease)
        #expect(first.client.addresses == ["a": "1"] && again.id == first.id)
        let (moved, retired) = maker.lease("a", at: "2")
        #expect(moved?.client.addresses == ["a": "2"] && retired.isEmpty, "the old one is in use")
        var ended = maker.pins.giveBack(first.id)
        #expect(ended.isEmpty)
        ended = maker.pins.giveBack(first.id)
        #expect(ended == [first.client])
        ended = maker.pins.giveBack(try #require(moved).id)
        #expect(ended.isEmpty, "it is what the next call gets")
    }

    @Test func thereAreFewClientsHoweverManyNames() throws {
        var maker = Maker()
        var retired = 0
        for number in 0..<10_000 {
            let (lease, gone) = maker.lease("n\(number)", at: "1")
            let taken = try #require(lease)
            #expect(taken.client.addresses["n\(number)"] == "1")
            let ended = maker.pins.giveBack(taken.id)
            retired += gone.count + ended.count
            #expect(maker.pins.count <= 8)
        }
        #expect(maker.made == 10_000 && retired == 10_000 - maker.pins.count)
    }

    @Test(arguments: UInt64(1)...8) func everyCallGetsAClientThatDialsWhatItAskedFor(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var maker = Maker()
        var inUse: [Int: (number: Int, uses: Int)] = [:]
        for _ in 0..<2000 {
            if random.chance(60) || inUse.isEmpty {
                let (name, address) = ("n\(Int.random(in: 0..<40, using: &random))", "\(Int.random(in: 0..<2, using: &random))")
                let (lease, retired) = maker.lease(name, at: address)
                let taken = try #require(lease)
                #expect(taken.client.addresses[name] == address, "seed \(seed)")
                inUse[taken.id, default: (taken.client.number, 0)].uses += 1
                let used = inUse.values.map(\.number)
                #expect(retired.allSatisfy { !used.contains($0.number) }, "seed \(seed)")
            } else {
                let id = random.pick(inUse.keys.sorted())
                inUse[id]?.uses -= 1
                if inUse[id]?.uses == 0 { inUse[id] = nil }
                _ = maker.pins.giveBack(id)
            }
        }
        for (id, use) in inUse { for _ in 0..<use.uses { _ = maker.pins.giveBack(id) } }
        #expect(maker.pins.count <= 8, "seed \(seed)")
        let rest = maker.pins.close()
        let late = maker.lease("n", at: "1").lease
        #expect(rest.count <= 8 && late == nil)
    }
}
