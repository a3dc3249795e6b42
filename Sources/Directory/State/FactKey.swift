/// Kafka keys of `ocn.state`, for deletions and look-ups. Each kind of fact declares its own.
package enum FactKey {}
