"""What the use cases need from outside, as abstract protocols grouped by collaborator.

Every port has at least two adapters and one contract suite under ``tests/contracts``.
"""
