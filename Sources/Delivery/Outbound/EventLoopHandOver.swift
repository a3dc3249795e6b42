import NIOCore

/// Hands work to event loops, with one wake-up for each that gets some.
struct EventLoopHandOver: Sendable {
    let eventLoops: [any EventLoop]

    init(_ group: any EventLoopGroup) {
        eventLoops = Array(group.makeIterator())
    }

    /// - Parameters:
    ///   - items: each loop gets its share in this order.
    ///   - loop: the number of an item's loop, which is taken modulo the number of loops.
    func callAsFunction<Item: Sendable>(
        _ items: [Item], to loop: (_ index: Int, Item) -> Int, run body: @escaping @Sendable (Item) -> Void
    ) {
        if items.count == 1 {
            let item = items[0]
            return eventLoops[loop(0, item) % eventLoops.count].execute { body(item) }
        }
        var shares = [[Item]](repeating: [], count: eventLoops.count)
        for (index, item) in items.enumerated() { shares[loop(index, item) % eventLoops.count].append(item) }
        for (eventLoop, share) in zip(eventLoops, shares) where !share.isEmpty {
            eventLoop.execute {
                for item in share { body(item) }
            }
        }
    }
}
