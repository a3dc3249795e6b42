/// Checks an answer. Pure functions.
enum Judge {
    /// The node's message after an unexpected error.
    private static let unforeseen = "The node failed on this request"

    /// Descriptions of the faults; empty if there are none.
    static func faults(of input: RequestCase, _ transcript: Transcript) -> [String] {
        if transcript.isRefused { return ["no connection could be made"] }
        guard input.ending != .leave else { return [] }
        let answers = Answers(transcript.bytes, headOnly: input.isHead)
        var faults = answers.final.flatMap { Self.faults(of: $0, input) }
        if transcript.isOverdue {
            faults.append(answers.final.isEmpty ? "no answer in time" : "answered, but the connection did not close in time")
        } else if !answers.rest.isEmpty {
            faults.append("half an answer, or something that is none")
        }
        faults += number(of: answers, input, isOverdue: transcript.isOverdue)
        return faults
    }

    private static func number(of answers: Answers, _ input: RequestCase, isOverdue: Bool) -> [String] {
        let count = answers.final.count
        switch input.due {
        case .upTo(let most): return count > most ? ["\(count) answers for \(most) requests at most"] : []
        case .one, .refusal:
            guard !isOverdue else { return [] }
            return count == 1 ? [] : ["\(count) answers for one request"]
        }
    }

    private static func faults(of answer: RawAnswer, _ input: RequestCase) -> [String] {
        guard !input.isHead, answer.status != 204, answer.status != 304 else { return [] }
        guard let code = answer.code else {
            return input.isPlain && answer.status < 400 ? [] : ["HTTP \(answer.status) without an OCPI envelope"]
        }
        if String(decoding: answer.body, as: UTF8.self).contains(unforeseen) {
            return ["an error that nobody foresaw: HTTP \(answer.status), OCPI \(code)"]
        }
        if input.due == .refusal, 200..<300 ~= answer.status, code == 1000 { return ["carried out: HTTP \(answer.status), OCPI \(code)"] }
        return []
    }
}
