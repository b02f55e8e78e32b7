"""The routes, one module per capability; each route is one call of one use case."""
