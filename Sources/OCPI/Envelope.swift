package import Encoding
package import NIOCore

/// Answers of the hub itself in OCPI's response format (OCPI 2.2.1, 4.1.7): `status_code`, `status_message`, `data`, `timestamp` (now).
package enum Envelope {
    /// An answer with status 1000.
    package static func success(data: JSONValue? = nil, message: String? = nil) -> ByteBuffer {
        render(.success, message, data)
    }

    /// The body of an error; its HTTP status is `OCPIError.httpStatus(for:)`.
    package static func error(_ error: OCPIError) -> ByteBuffer {
        render(error.code, error.message, nil)
    }

    /// The body of an error without an `OCPIError`.
    package static func error(code: StatusCode, message: String) -> ByteBuffer {
        render(code, message, nil)
    }

    private static func render(_ code: StatusCode, _ message: String?, _ data: JSONValue?) -> ByteBuffer {
        JSONValue.object([
            "status_code": .int(code.rawValue),
            "status_message": message.map(JSONValue.string),
            "data": data,
            "timestamp": .string(Timestamp.now.description),
        ]).encoded()
    }
}
