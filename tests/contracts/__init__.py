"""One suite per port, run over every adapter: what a port promises, each adapter must keep."""
