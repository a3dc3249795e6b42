/// What becomes of a node's topics that are missing.
package enum MissingTopics {
    /// They are created.
    case created
    /// Nothing can be done without them.
    case refused
}
