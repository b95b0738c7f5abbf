"""The one error that ends a command with a message for a person."""


class CloudsError(Exception):
    """Something the caller can understand and act on; printed as one line, without a traceback."""
