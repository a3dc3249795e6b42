import DequeModule
import HeapModule
import Kafka
import NIOCore
import OCPI

/// Requests that wait in queues until they are taken from the front, expire, or their partition is revoked. A value without clock or lock.
/// Every step takes amortised logarithmic time for each request that leaves.
struct AdmissionQueue<Queue: Hashable & Sendable, Request: HeldCall>: Sendable {
    private struct Line: Sendable {
        /// In order of arrival. Contains numbers of requests that were removed from the middle.
        var numbers = Deque<UInt64>()
        var load = ExchangeLoad()
    }

    private struct Due: Comparable, Sendable {
        let time: NIODeadline
        let number: UInt64
        static func < (a: Due, b: Due) -> Bool { (a.time, a.number) < (b.time, b.number) }
        static func == (a: Due, b: Due) -> Bool { a.number == b.number }
    }

    private static var atOnce: Int { 256 }

    private var lines: [Queue: Line] = [:]
    private var requests: [UInt64: (queue: Queue, request: Request)] = [:]
    private var numbers: [TopicPartition: Set<UInt64>] = [:]
    /// Contains entries of requests that have already left.
    private var dues = Heap<Due>()
    private var lastNumber: UInt64 = 0
    private var armed: NIODeadline?

    /// The load of all queues together.
    private(set) var total = ExchangeLoad()

    /// The load of one queue.
    func load(of queue: Queue) -> ExchangeLoad { lines[queue]?.load ?? ExchangeLoad() }

    /// The next request of a queue.
    mutating func first(in queue: Queue) -> Request? {
        guard let place = lines.index(forKey: queue) else { return nil }
        while let number = lines.values[place].numbers.first {
            if let entry = requests[number] { return entry.request }
            lines.values[place].numbers.removeFirst()
        }
        return nil
    }

    /// Puts a request at the end of a queue.
    mutating func add(_ request: Request, to queue: Queue) {
        lastNumber += 1
        requests[lastNumber] = (queue, request)
        numbers[request.partition, default: []].insert(lastNumber)
        lines[queue, default: Line()].numbers.append(lastNumber)
        lines[queue]?.load.add(request.bytes)
        total.add(request.bytes)
        dues.insert(Due(time: request.sendBy, number: lastNumber))
    }

    mutating func removeFirst(in queue: Queue) -> Request? {
        guard first(in: queue) != nil, let number = lines[queue]?.numbers.first else { return nil }
        return remove(number)
    }

    /// Removes and returns the requests of a queue that match, in order.
    mutating func remove(in queue: Queue, where isWanted: (Request) -> Bool) -> [Request] {
        let numbers = lines[queue]?.numbers ?? []
        return numbers.filter { requests[$0].map { isWanted($0.request) } ?? false }.compactMap { remove($0) }
    }

    /// Removes and returns the requests of these partitions, in order of arrival.
    mutating func remove(of partitions: Set<TopicPartition>) -> [Request] {
        partitions.flatMap { numbers[$0] ?? [] }.sorted().compactMap { remove($0) }
    }

    /// Removes and returns a bounded number of expired requests. If more have expired, ``alarm()`` returns the present time.
    mutating func removeOverdue(now: NIODeadline) -> [Request] {
        if let armed, armed <= now { self.armed = nil }
        var overdue: [Request] = []
        while overdue.count < Self.atOnce, let due = dues.min, due.time <= now {
            dues.removeMin()
            if let request = remove(due.number) { overdue.append(request) }
        }
        return overdue
    }

    /// When to call ``removeOverdue(now:)`` next; nil if that time was already returned.
    mutating func alarm() -> NIODeadline? {
        while let due = dues.min, requests[due.number] == nil { dues.removeMin() }
        guard let due = dues.min?.time, armed.map({ due < $0 }) ?? true else { return nil }
        armed = due
        return due
    }

    private mutating func remove(_ number: UInt64) -> Request? {
        guard let (queue, request) = requests.removeValue(forKey: number) else { return nil }
        total.remove(request.bytes)
        numbers[request.partition]?.remove(number)
        if numbers[request.partition]?.isEmpty == true { numbers[request.partition] = nil }
        if let place = lines.index(forKey: queue) {
            lines.values[place].load.remove(request.bytes)
            if lines.values[place].numbers.first == number { lines.values[place].numbers.removeFirst() }
            compact(place)
        }
        return request
    }

    /// Drops the entries of removed requests once they are the larger part of the order and the heap.
    private mutating func compact(_ place: Dictionary<Queue, Line>.Index) {
        let waiting = lines.values[place].load.requests
        if waiting == 0 {
            lines.remove(at: place)
        } else if lines.values[place].numbers.count > 2 * waiting + 16 {
            lines.values[place].numbers.removeAll { requests[$0] == nil }
        }
        if dues.count > 2 * requests.count + 64 { dues = Heap(dues.unordered.filter { requests[$0.number] != nil }) }
    }
}
