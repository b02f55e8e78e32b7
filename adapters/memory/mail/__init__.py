"""The outbox, the circuit, and a mailbox."""
