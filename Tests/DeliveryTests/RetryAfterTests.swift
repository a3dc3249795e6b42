import Encoding
import NIOCore
import NIOHTTP1
import Testing

@testable import Delivery
@testable import Outbound

@Suite struct RetryAfterTests {
    /// 1994-11-06T08:49:00Z
    private let now = Timestamp(milliseconds: 784_111_740_000)

    @Test func readsSeconds() {
        #expect(RetryAfter.delay("120", now: now) == .seconds(120))
        #expect(RetryAfter.delay(" 0 ", now: now) == .zero)
        #expect(RetryAfter.delay("99999999999999999999999999", now: now) == .hours(24 * 366))
        #expect(RetryAfter.delay("9223372036854775807", now: now) == .hours(24 * 366))
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994",
    ])
    func readsDates(_ text: String) {
        #expect(RetryAfter.delay(text, now: now) == .seconds(37))
    }

    @Test func readsTheDateOfRFC850() {
        #expect(RetryAfter.date("Sunday, 06-Nov-26 08:49:37 GMT") == Timestamp(rfc3339: "2026-11-06T08:49:37Z"))
    }

    @Test func aDateThatHasPassedMeansNow() {
        #expect(RetryAfter.delay("Sun, 06 Nov 1994 08:48:37 GMT", now: now) == .zero)
    }

    @Test(arguments: [
        "", "-5", "1.5", "soon", "+3", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49 GMT",
    ])
    func ignoresWhatItDoesNotUnderstand(_ text: String) {
        #expect(RetryAfter.delay(text, now: now) == nil)
    }

    @Test func onlyTooManyRequestsAndUnavailableAsk() {
        func delay(_ status: Int) -> TimeAmount? {
            RetryAfter.delay(OutboundResponse(status: status, headers: ["Retry-After": "7200"]), now: now, cap: .hours(1))
        }
        #expect(delay(429) == .hours(1))
        #expect(delay(503) == .hours(1))
        #expect(delay(500) == nil)
        #expect(delay(200) == nil)
    }
}
