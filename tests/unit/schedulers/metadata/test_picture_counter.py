"""The counter of shared pictures knows a logo after a few pages, and forgets in time."""

import tracemalloc

from schedulers.metadata import GenericPictures, Metadata, PictureCounter, extract_metadata, note_picture

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


def test_a_thousand_sites_take_less_than_a_megabyte() -> None:
    """Hashes, not addresses, and no more domains than were asked for."""
    tracemalloc.start()
    counter = PictureCounter(domains=1_000)
    for site in range(2_000):
        for number in range(3 if site % 20 else 100):
            counter.saw(f"{site}.example", f"https://{site}.example/{number}.png" + "x" * 500, f"/{number}" + "x" * 500)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 1_000_000


def read(counter: PictureCounter, number: int, head: str, body: str = "") -> Metadata:
    """As the flow does: the page is read with what the counter knows, then the counter is told of it."""
    url = f"https://news.example/{number}"
    metadata = extract_metadata(
        f"<head>{head}</head><body>{body}".encode(), url=url, content_type="text/html", generic_pictures=counter
    )
    note_picture(counter, metadata, url)
    return metadata


SHARED = f'<meta property="og:image" content="{LOGO.replace("logo", "default")}">'


def test_a_shared_picture_stays_behind_the_pages_own_for_good() -> None:
    """That the own ones are taken from then on does not make the shared one look rare."""
    counter, own = PictureCounter(), '<article><figure><img src="/own.jpg" width="800" height="450"></figure></article>'
    taken = [read(counter, number, SHARED, own).image for number in range(200)]
    urls = [image.url for image in taken if image is not None]
    assert urls[:5] == ["https://news.example/default.png"] * 5
    assert urls[5:] == ["https://news.example/own.jpg"] * 195


def test_a_second_declared_picture_takes_the_place_of_a_shared_first() -> None:
    """Sites put their logo before the article's picture in one array."""
    counter = PictureCounter()
    for number in range(50):
        head = f'{SHARED}<meta property="og:image" content="/{number}.jpg">'
        image = read(counter, number, head).image
        assert image is not None
        assert image.url == (
            f"https://news.example/{number}.jpg" if number >= 5 else "https://news.example/default.png"
        )


def test_a_page_with_nothing_else_keeps_the_shared_picture() -> None:
    """A picture of the site is better than none."""
    counter = PictureCounter()
    for number in range(20):
        image = read(counter, number, SHARED).image
        assert image is not None
        assert image.url == "https://news.example/default.png"


def test_what_is_no_page_declares_no_picture() -> None:
    """A picture that was shared itself is not its own site's logo."""
    counter = PictureCounter()
    picture = extract_metadata(b"\x89PNG\r\n\x1a\n" + bytes(40), url=LOGO, content_type="image/png")
    for number in range(10):
        note_picture(counter, picture, f"{LOGO}?{number}")
    assert not counter.is_generic("news.example", LOGO)
