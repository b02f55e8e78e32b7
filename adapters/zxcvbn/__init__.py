"""The common passwords that come with zxcvbn."""
