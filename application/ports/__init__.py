"""What every capability needs from outside, as abstract protocols.

Every port has at least two adapters and one contract suite under ``tests/contracts``.
"""
