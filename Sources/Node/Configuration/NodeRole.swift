/// The roles of a node.
package enum NodeRole: String, CaseIterable, Sendable {
    case ingress, matcher, exchange, push, control
}
