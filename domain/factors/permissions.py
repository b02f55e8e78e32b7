"""The permission over other users' factors."""

from domain.principal import Permission

FACTORS_RESET = Permission("factors:reset")

PERMISSIONS = (FACTORS_RESET,)
