"""What may be done with other users' sessions."""

from domain.principal import Permission

SESSIONS_READ = Permission("sessions:read")
SESSIONS_REVOKE = Permission("sessions:revoke")

PERMISSIONS = (SESSIONS_READ, SESSIONS_REVOKE)
