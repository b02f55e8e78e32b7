"""Mail over SMTP, through aiosmtplib."""
