"""The counter of shared pictures knows a logo after a few pages, and forgets in time."""

from schedulers.metadata import GenericPictures, PictureCounter

LOGO = "https://news.example/logo.png"


def test_a_picture_on_most_pages_of_a_site_is_generic() -> None:
    """Five pages are enough to tell, four are not."""
    counter: GenericPictures = PictureCounter()
    for number in range(4):
        counter.saw("news.example", LOGO, f"/{number}")
    assert not counter.is_generic("news.example", LOGO)
    counter.saw("news.example", "https://news.example/own.png", "/4")
    assert counter.is_generic("news.example", LOGO)
    assert not counter.is_generic("news.example", "https://news.example/own.png")
    assert not counter.is_generic("other.example", LOGO)


def test_the_same_page_again_changes_nothing() -> None:
    """A page that is fetched a hundred times is one page."""
    counter = PictureCounter()
    for _ in range(100):
        counter.saw("news.example", LOGO, "/a")
    assert not counter.is_generic("news.example", LOGO)


def test_memory_is_bounded() -> None:
    """The domain and the page that were seen longest ago go first."""
    counter = PictureCounter(domains=2)
    for site in ("a.example", "b.example", "c.example"):
        for number in range(200):
            counter.saw(site, LOGO if number < 150 else f"/{number}.png", f"/{number}")
    assert not counter.is_generic("c.example", LOGO)
    for number in range(200, 300):
        counter.saw("a.example", LOGO, f"/{number}")
    assert counter.is_generic("a.example", LOGO)
    assert not counter.is_generic("b.example", LOGO)
