"""The message that a mail is sent as, for every mailer; standard library only."""
