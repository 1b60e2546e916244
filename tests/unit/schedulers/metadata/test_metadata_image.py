"""The picture that stands for a page: declared ones first, decoration never, a site's own picture last."""

from schedulers.metadata import Image, extract_metadata

URL = "https://news.example/2026/a"


def image_of(html: str, **answer: object) -> Image | None:
    return extract_metadata(html.encode(), url=URL, content_type="text/html", **answer).image  # type: ignore[arg-type]


def og(*pairs: tuple[str, str]) -> str:
    return "".join(f'<meta property="og:{name}" content="{content}">' for name, content in pairs)


def test_structured_properties_belong_to_the_picture_before_them() -> None:
    """Of an array the first picture counts, with its own size, type and text."""
    found = image_of(
        og(
            ("image", "/1.jpg"),
            ("image:width", "1200"),
            ("image:height", "630px"),
            ("image:type", "image/jpeg"),
            ("image:alt", "A fox"),
            ("image", "/2.jpg"),
            ("image:width", "10"),
        )
    )
    assert found == Image("https://news.example/1.jpg", 1200, 630, "image/jpeg", "A fox")


def test_a_secure_address_is_preferred_and_relative_ones_follow_the_base() -> None:
    """Protocol-relative and relative addresses are made whole."""
    assert image_of('<base href="https://cdn.example/x/">' + og(("image", "y.jpg"))) == Image(
        "https://cdn.example/x/y.jpg"
    )
    assert image_of(og(("image", "//cdn.example/y.jpg"))) == Image("https://cdn.example/y.jpg")
    both = og(("image", "http://cdn.example/y.jpg"), ("image:secure_url", "https://cdn.example/y.jpg"))
    assert image_of(both) == Image("https://cdn.example/y.jpg")


def test_decoration_is_no_picture() -> None:
    """Data addresses, spacers, trackers and tiny pictures are passed over."""
    bad = (
        og(("image", "data:image/png;base64,AAAA"))
        + og(("image", "https://news.example/img/spacer.gif"))
        + og(("image", "/a.jpg"), ("image:width", "16"), ("image:height", "16"))
    )
    assert image_of(bad) is None
    assert image_of(bad + '<meta name="twitter:image" content="/good.jpg">') == Image("https://news.example/good.jpg")


def test_the_articles_picture_beats_logos_avatars_and_ads() -> None:
    """Without a declared picture the body's are scored by place, size and name."""
    html = (
        '<header><img src="/logo.png" width="600" height="300"></header><article>'
        '<img src="/avatar-jane.jpg" width="400" height="400"><img src="/ads/banner.jpg" width="728" height="400">'
        '<figure><img data-src="/lazy.jpg" src="data:image/gif;base64,R0" width="800" height="450" '
        'alt="A fox jumps over a dog"></figure></article>'
        '<footer><img src="/big.jpg" width="2000" height="1000"></footer>'
    )
    found = image_of(html)
    assert found == Image("https://news.example/lazy.jpg", 800, 450, None, "A fox jumps over a dog")


def test_the_largest_of_a_source_set_is_taken() -> None:
    """`srcset` names the same picture in several sizes."""
    html = '<article><figure><img src="/s.jpg" srcset="/m.jpg 640w, /l.jpg 1280w, /t.jpg 320w"></figure></article>'
    assert image_of(html) == Image("https://news.example/l.jpg")


def test_a_lone_logo_is_better_not_shown() -> None:
    """None is better than somebody's logo."""
    assert image_of('<body><img src="/logo.png" width="200" height="100"><p>text</p>') is None


class Generic:
    """Knows one picture of one site."""

    def is_generic(self, site: str, picture: str) -> bool:
        return (site, picture) == ("news.example", "https://news.example/share-default.jpg")

    def saw(self, site: str, picture: str, page: str) -> None:
        raise AssertionError("extraction only asks")


def test_a_picture_that_most_pages_share_goes_behind_the_others() -> None:
    """It is still better than none at all."""
    shared = og(("image", "/share-default.jpg"))
    body = '<article><figure><img src="/own.jpg" width="800" height="450"></figure></article>'
    own = image_of(shared + body, generic_pictures=Generic())
    assert own is not None
    assert own.url == "https://news.example/own.jpg"
    alone = image_of(shared, generic_pictures=Generic())
    assert alone is not None
    assert alone.url == "https://news.example/share-default.jpg"


def test_a_lazy_picture_is_found_in_its_noscript() -> None:
    """Scripts put it in, and the page for readers without scripts holds it."""
    html = (
        '<article><p>text</p><img class="lazy" src="data:image/gif;base64,R0" width="800" height="450">'
        '<noscript><img src="/real.jpg" alt="A fox jumps high" width="800" height="450"></noscript></article>'
        '<noscript><img height="1" width="1" style="display:none" src="https://tracker.example/tr?id=1"></noscript>'
    )
    assert image_of(html) == Image("https://news.example/real.jpg", 800, 450, None, "A fox jumps high")


def test_a_counter_in_a_noscript_is_no_picture() -> None:
    """Most of them hold nothing else."""
    pixel = '<noscript><img src="https://counter.example/hit.php?id=1" style="display:none" width="1"></noscript>'
    assert image_of(f"<head>{pixel}</head><body><article>{pixel}</article>") is None


def test_a_picture_element_has_its_address_in_its_sources() -> None:
    """The `<img>` in it may hold a placeholder only."""
    html = (
        '<article><figure><picture><source srcset="/s.webp 400w, /l.webp 1600w" type="image/webp">'
        '<img src="data:image/gif;base64,R0" alt="A fox"></picture></figure></article>'
    )
    assert image_of(html) == Image("https://news.example/l.webp", None, None, None, "A fox")
