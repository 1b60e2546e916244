"""What can go wrong with an engine, as a person reads it."""


class EngineError(Exception):
    """Base of everything this package raises on purpose."""

    code = "engine_error"
    retryable = False


class CannotInstall(EngineError):
    """The engine is missing and this machine offers no way to get it; the message says what to do."""

    code = "engine_cannot_install"


class DidNotStart(EngineError):
    """The engine is installed but ended or stayed silent; the message carries the end of its log."""

    code = "engine_did_not_start"
    retryable = True
