"""How entities look from outside: one plain function per shape, the same at every door."""
