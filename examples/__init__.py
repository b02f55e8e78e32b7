"""What is built on Doorward, to be read and copied; not part of the wheel."""
