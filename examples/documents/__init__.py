"""Documents that belong to users: a team's own capability, built on Doorward without editing it.

The packages here are the layers of Doorward. ``docs/extending.md`` goes through them in the order
in which they were written; ``entrypoints/container.py`` says how they are put together.
"""
