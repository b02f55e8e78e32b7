"""Doorward beside its floors and its peers: ratios, measured in turn in one run.

``make bench`` prints the table, ``make bench ARGS=--quick`` a coarse one in a quarter of the time;
``docs/performance.md`` says what the figures mean. Where to start reading: ``__main__``.
"""
