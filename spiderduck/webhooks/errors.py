"""What can go wrong with webhooks as a surprise; what a receiver does is a value (`model.Attempt`)."""

from spiderduck.errors import SpiderDuckError


class UnknownWebhook(SpiderDuckError):
    """There is no webhook of that id."""

    code = "not_found"

    def __init__(self, identity: str) -> None:
        super().__init__(f"there is no webhook {identity[:100]}; GET /v1/webhooks lists them")


class TooManyWebhooks(SpiderDuckError):
    """As many webhooks as the settings allow."""

    code = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"there are {most} webhooks, which is as many as there may be (webhooks.most); delete one that nobody "
            "needs: DELETE /v1/webhooks/ID"
        )


class BadReceiver(SpiderDuckError):
    """Nothing may be sent to this URL: `detail` says why."""

    code = "bad_receiver"


class NoSecretKey(SpiderDuckError):
    """The secrets of webhooks are kept encrypted, and this server has no key to do it with, or another one than they
    were encrypted with."""

    code = "no_secret_key"


class NotTried(SpiderDuckError):
    """No fetcher took the request, so that the receiver was not asked. The same call may succeed later."""

    code = "not_tried"
    retryable = True
