import NIOCore
import Testing

@testable import Delivery
@testable import Outbound

@Suite struct ResponseClassificationTests {
    enum Kind { case delivered, retry, final }

    private static func kind(_ classification: ResponseClassification) -> Kind {
        switch classification {
        case .delivered: .delivered
        case .retry: .retry
        case .final: .final
        }
    }

    @Test(
        arguments: [
            (200, 1000, Kind.delivered), (201, 1000, .delivered), (200, 1999, .delivered),
            (200, 2000, .final), (200, 2001, .final), (200, 2999, .final), (202, 2004, .final),
            (200, 3000, .retry), (200, 3001, .retry), (200, 4000, .retry), (200, 4001, .retry), (200, 4003, .retry),
            (200, 999, .retry), (200, 5000, .retry), (200, 0, .retry), (200, nil, .retry), (202, nil, .retry), (204, nil, .delivered),
            (301, nil, .retry), (307, 1000, .retry),
            (400, 2001, .final), (402, nil, .final), (405, 1000, .final), (409, nil, .final), (410, nil, .final), (413, nil, .final),
            (422, 2001, .final),
            (401, nil, .retry), (403, 2001, .retry), (404, 2003, .retry), (407, nil, .retry), (408, nil, .retry), (425, nil, .retry),
            (429, nil, .retry),
            (500, 1000, .retry), (501, nil, .retry), (502, nil, .retry), (503, 2001, .retry), (599, nil, .retry),
            (999, 1000, .retry), (0, nil, .retry),
        ] as [(Int, Int?, Kind)])
    func judgesByBothStatuses(_ http: Int, _ code: Int?, _ expected: Kind) {
        #expect(Self.kind(ResponseClassification(httpStatus: http, statusCode: code)) == expected)
    }

    @Test(arguments: [
        (#"{"status_code":1000}"#, Kind.delivered), (#"{"data":{"status_code":2001},"status_code":1000}"#, .delivered),
        (#"{"status_code":"1000"}"#, .delivered), (#"{"status_code":1000.0}"#, .delivered), (#"{"status_code":"2001"}"#, .final),
        ("\u{FEFF}" + #"{"status_code":1000}"#, .delivered), (#"{"status_code":1000.5}"#, .retry), (#"{"status_code":" 1000"}"#, .retry),
        ("", .retry), ("<html>", .retry), ("[]", .retry),
    ])
    func readsTheStatusCodeFromTheBody(_ body: String, _ expected: Kind) {
        let response = OutboundResponse(status: 200, body: ByteBuffer(string: body))
        #expect(Self.kind(ResponseClassification(httpStatus: response.status, statusCode: response.statusCode)) == expected)
    }
}
