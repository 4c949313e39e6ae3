"""The one error of these scripts: it says what a person must do, so it is shown without a trace."""


class LocalServiceFailed(Exception):
    """A server cannot be fetched, started or stopped."""
