"""Links that a fetch would spend are told from articles about them."""

import pytest

from schedulers.urls import is_one_time, parse_url

HEX = "b7c1d0e94f2a8836"
UUID = "7d9f1c3a-52b4-4e0d-9a61-0c8f3e2b7a15"
RANDOM = "Zt4kQ9xW2mLs7RbV1yHn"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkdWNrIn0.q2w3e4r5t6"


@pytest.mark.parametrize(
    "url",
    [
        f"https://pond.test/reset-password?token={JWT}",
        "https://pond.test/password/reset?token=qw12er",
        f"https://pond.test/users/password/edit?reset_password_token={RANDOM}",
        f"https://pond.test/accounts/reset/MQ/c1x9ab-{HEX}{HEX}/",
        f"https://pond.test/verify-email/{HEX}{HEX}",
        f"https://pond.test/email/verify/17/{HEX}{HEX}?expires=1800000000&signature={HEX}{HEX}",
        f"https://pond.test/verifyEmail/{RANDOM}",
        f"https://pond.test/newsletter/abmelden/{HEX}{HEX}",
        f"https://pond.test/konto/passwort-zuruecksetzen?token={RANDOM}",
        f"https://pond.test/desinscription/{RANDOM}",
        f"https://pond.test/email_confirmations/{RANDOM}",
        f"https://pond.test/double-optin/{RANDOM}",
        f"https://pond.test/users/confirmation?confirmation_token={RANDOM}",
        f"https://pond.test/confirm.php?id={UUID}",
        f"https://pond.test/account/activate?key={HEX}{HEX}",
        f"https://pond.test/magic-link/{RANDOM}",
        f"https://pond.test/auth/magic?code={HEX}",
        "https://pond.test/login/verify?otp=492817",
        f"https://pond.test/sign-in?token={HEX}",
        f"https://pond.test/one-time-login/{UUID}",
        f"https://pond.test/invite/{HEX}",
        f"https://pond.test/invitations/accept?invitation_token={RANDOM}",
        f"https://pond.test/join/team/{UUID}",
        f"https://pond.us7.list-manage.test/unsubscribe?u={HEX}1234567&id=0a1b2c3d4e",
        f"https://pond.test/newsletter/opt-out/{HEX}",
        "https://pond.test/unsubscribe?email=mallard@pond.test",
        f"https://pond.test/wf/unsubscribe?upn={RANDOM}",
        f"https://verify.pond.test/{HEX}",
        f"https://pond.test/?unsubscribe={HEX}",
        f"https://pond.test/wp-login.php?action=rp&key={RANDOM}&login=drake",
        "https://pond.firebaseapp.test/__/auth/action?mode=resetPassword&oobCode=x1",
        "https://pond.test/sso/return?ticket=ST-19-mallard",
        f"https://pond.test/oauth/callback?state=1&code={HEX}",
        "https://slack.com/z-app-12-34-ab56cd78",
        "https://privnote.com/Qw3rTy9U",
        f"https://pond.test/%72eset/{HEX}",
        f"https://pond.test/preferences/{RANDOM}/unsubscribe",
        "https://pond.test/unsubscribe/mallard@pond.test",
        f"https://pond.test/auth/email-link?token={HEX}",
        f"https://www.linkedin.com/comm/psettings/email-unsubscribe?midToken={RANDOM}",
        f"https://calendar.pond.test/event?action=RESPOND&tok={RANDOM}",
    ],
)
def test_a_link_with_an_action_and_a_token(url: str) -> None:
    assert is_one_time(parse_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://pond.test/how-to-reset-your-router-2026",
        "https://pond.test/2026/05/04/confirm-or-deny-the-swan-report",
        "https://pond.test/invite-only-ducks-and-their-friends-2026-05-04",
        "https://pond.test/docs/verify-email/",
        "https://pond.test/docs/reset-password?token=YOUR_TOKEN",
        "https://pond.test/unsubscribe",
        "https://pond.test/login?next=/feathers/moult/9f",
        f"https://pond.test/signin?return_to=https%3A%2F%2Fpond.test%2Fa%2F{HEX}",
        f"https://pond.test/story?id={HEX}{HEX}",
        "https://pond.test/@drake/how-to-confirm-your-nest-b7c1d0e94f2a",
        "https://pond.test/@reset/why-ducks-float-b7c1d0e94f2a",
        f"https://pond.test/news/verify/is-this-a-swan/536-{UUID}",
        f"https://github.com/pond/verify/commit/{HEX}{HEX}12345678",
        f"https://gist.github.com/reset/{HEX}{HEX}",
        "https://encyclopedia.test/wiki/Magic_link",
        "https://discord.com/invite/pond",
        "https://discord.com/invite/qW3rTy9u",
        "https://www.coursera.org/verify/7QX4ZL9KW2",
        "https://pond.test/products/reset/B0PD4CK7ZQ",
        f"https://login.pond.test/authorize?client_id={UUID}&redirect_uri=https%3A%2F%2Fpond.test",
        f"https://pond.test/verify?utm_source=mail&utm_content={HEX}",
        f"https://pond.test/invite/poster.jpg?signature={HEX}{HEX}",
        "https://pond.test/magic/the-gathering-of-ducks-2026-championship",
        "https://pond.test/join/london-birders-2026-autumn",
        f"https://pond.test/join/why-ducks-flock?id={HEX}",
        f"https://pond.test/password-managers-compared?id={HEX}",
        "https://pond.test/recover/duckphone15promaxreview2026",
        "https://pond.test/reset/1234567890123456",
        "https://pond.test/offers?code=SPRING2026&state=CA",
        "https://pond.test/confirmation/2026/05/04/warden-confirmed",
        "https://pond.test/a/b7c1d0e94f2a8836",
        "https://pond.test/docs/auth/quick-start?version=2",
        f"https://pond.test/{HEX}/why-ducks-join-in",
        "mailto:unsubscribe@pond.test",
        "https://pond.test/",
    ],
)
def test_an_article_or_a_page_of_the_site(url: str) -> None:
    """A word of an action alone decides nothing, and a token alone neither."""
    assert not is_one_time(parse_url(url))
