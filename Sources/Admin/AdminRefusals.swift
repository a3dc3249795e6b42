import Encoding
import HTTPTypes
import Hummingbird
import NIOCore

/// Makes every error a JSON object, including those for unknown calls and bodies over the limit.
struct AdminRefusals<Context: RequestContext>: RouterMiddleware {
    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let fault as AdminFault {
            return problem(.badRequest, fault.message)
        } catch let error as HTTPError where error.status == .notFound {
            let call = "\(request.method.rawValue) \(request.uri.path)"
            return problem(.notFound, "there is no call \(ForeignText.shortened(call))")
        } catch is NIOTooManyBytesError {
            return problem(.contentTooLarge, "the body is too long")
        } catch let error as HTTPError {
            var answer = problem(error.status, error.body ?? error.status.reasonPhrase)
            for field in error.headers where field.name != .contentType { answer.headers[field.name] = field.value }
            return answer
        }
    }
}
