"""The origin is `tests.origin`; this name goes when nothing imports it."""

from tests.origin import NOT_FOUND, Answer, Origin, Request, http, page, redirect

__all__ = ["NOT_FOUND", "Answer", "Origin", "Request", "http", "page", "redirect"]
