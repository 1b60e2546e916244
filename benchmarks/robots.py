"""robots.txt: parse and `allows` against Protego, in one run.

    python benchmarks/robots.py

Prints microseconds and ratios; the target is a factor of two for each. Protego is a benchmark-only dependency.
"""

import timeit
from random import Random

from protego import Protego

from fetchers import robots_txt

LINES = 400
AGENT = "ExampleBot"
ROUNDS = 7


def sample_file(lines: int) -> str:
    """Groups for several crawlers, plain paths, wildcards, comments and sitemaps, as large sites have them."""
    random = Random(7)
    words = ["search", "cart", "account", "wp-admin", "api", "print", "tag", "archive", "user", "media", "ajax", "feed"]
    out = ["# robots.txt of a large site", "Sitemap: https://site.test/sitemap.xml", ""]
    for agent in ("Googlebot", "bingbot", "*", "OtherBot"):
        out += [f"User-agent: {agent}", "Crawl-delay: 2"]
        while len(out) % (lines // 4):
            path = "/" + "/".join(random.choices(words, k=random.randint(1, 4))) + str(random.randint(1, 999))
            shape = random.random()
            if shape < 0.1:
                path = path.replace("/", "/*/", 1) + "$" * random.randint(0, 1)
            elif shape < 0.15:
                path += "?*sort="
            out.append(f"{'Allow' if random.random() < 0.2 else 'Disallow'}: {path}" + " # note" * (shape > 0.97))
        out.append("")
    return "\n".join(out[:lines])


def sample_urls() -> list[str]:
    """Ordinary article URLs, few of which a rule forbids."""
    random = Random(8)
    folders = random.choices(["news", "search", "tag", "media"], k=100)
    return [
        f"https://site.test/{folder}/2026/{number}/a-title-of-some-words?id={number}"
        for number, folder in enumerate(folders)
    ]


def best_microseconds(call: object, number: int) -> float:
    return min(timeit.repeat(call, number=number, repeat=ROUNDS)) / number * 1e6  # type: ignore[arg-type]


def main() -> None:
    text = sample_file(LINES)
    body = text.encode()
    urls = sample_urls()
    ours, theirs = robots_txt.parse(body), Protego.parse(text)
    print(f"{text.count(chr(10)) + 1} lines, {len(body)} bytes, {len(urls)} URLs")

    def ours_allows() -> None:
        for url in urls:
            ours.allows(AGENT, url)

    def theirs_allows() -> None:
        for url in urls:
            theirs.can_fetch(url, AGENT)

    def ours_from_cache() -> None:
        robots_txt.RobotsTxt.from_bytes(stored)

    stored = ours.to_bytes()
    rows = [
        (
            "parse",
            best_microseconds(lambda: robots_txt.parse(body), 50),
            best_microseconds(lambda: Protego.parse(text), 20),
        ),
        ("allows", best_microseconds(ours_allows, 20) / len(urls), best_microseconds(theirs_allows, 5) / len(urls)),
        (
            "parse and first allows",
            best_microseconds(lambda: robots_txt.parse(body).allows(AGENT, urls[0]), 50),
            best_microseconds(lambda: Protego.parse(text).can_fetch(urls[0], AGENT), 20),
        ),
    ]
    for name, mine, other in rows:
        print(f"{name:24} {mine:8.1f} µs   Protego {other:8.1f} µs   {other / mine:5.1f}×")
    print(f"{'from cache':24} {best_microseconds(ours_from_cache, 50):8.1f} µs   {len(stored)} bytes stored")


if __name__ == "__main__":
    main()
