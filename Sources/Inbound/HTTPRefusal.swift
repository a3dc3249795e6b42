package import NIOHTTP1

/// Why a request is not accepted as HTTP, in words for its sender.
package struct HTTPRefusal: Error, Sendable, Equatable {
    /// The status of the answer.
    package let status: HTTPResponseStatus
    /// One English sentence.
    package let message: String

    init(_ status: HTTPResponseStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ message: String) { self.init(.badRequest, message) }

    /// The refusal of bytes that are no HTTP.
    package init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow: self.init(.payloadTooLarge, "The head of the request is too long, or has too many headers")
        case .invalidMethod, .invalidURL, .invalidVersion, .invalidConstant:
            self.init("The request line is not that of HTTP/1.1, or names a method that this server does not know")
        case .invalidContentLength, .unexpectedContentLength:
            self.init("The length of the body is not clear: Content-Length must be one number, and not stand beside Transfer-Encoding")
        case .invalidChunkSize, .strictModeAssertion: self.init("A chunk of the body is broken")
        case .invalidHeaderToken, .lfExpected: self.init("A header is broken")
        case .invalidEOFState: self.init("The request ended before it was complete")
        default: self.init("This is not HTTP/1.1")
        }
    }

    /// The refusal of a request whose rest did not come in time.
    package static let overdue = HTTPRefusal(.requestTimeout, "The rest of the request did not come in time")
}
