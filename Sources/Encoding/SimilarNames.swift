/// Finds the names that an unknown name may have been meant for.
package enum SimilarNames {
    /// The names with the smallest edit distance to a text, ignoring case, if it is only a few letters.
    package static func names(to text: String, among names: some Collection<String>) -> [String] {
        let limit = max(1, min(3, text.utf8.count / 3))
        let text = text.lowercased()
        let length = text.unicodeScalars.count
        let distances = names.compactMap { name -> (name: String, distance: Int)? in
            let other = name.lowercased()
            // Each letter of the difference in length counts as an edit.
            guard abs(other.unicodeScalars.count - length) <= limit else { return nil }
            let distance = distance(text, other)
            return distance <= limit ? (name, distance) : nil
        }
        guard let least = distances.map(\.distance).min() else { return [] }
        return distances.filter { $0.distance == least }.map(\.name).sorted()
    }

    /// `; did you mean a or b?`; empty for none.
    package static func question(_ names: [String]) -> String {
        names.isEmpty ? "" : "; did you mean \(names.joined(separator: " or "))?"
    }

    /// The number of letters to change, add, remove or swap with an adjacent one (optimal string alignment).
    package static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        var before: [Int] = []
        var last: [Int] = []
        var row = Array(0...right.count)
        for i in left.indices {
            (before, last, row) = (last, row, [i + 1])
            for j in right.indices {
                var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
        }
        return row[right.count]
    }
}
