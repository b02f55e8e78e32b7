"""The outbox, the circuit, and the mailbox of development."""
