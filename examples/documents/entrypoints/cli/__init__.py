"""The command line: Doorward's, with one group of commands more."""
