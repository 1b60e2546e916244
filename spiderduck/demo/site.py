"""The demo's web: several host names on one port, redirects, a slow host, a robots.txt that forbids a part, pictures.

`run` by `spiderduck demo`; the names end in `.test` (RFC 2606) and are dialled here by the `resolve` setting.
"""

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from PIL import Image, ImageDraw

SLOW_SECONDS = 3.0

LINKS = {
    "short link to an article": "http://short.test/duck",
    "article with a picture": "http://news.test/ponds/2026/why-ducks-float",
    "recipe with JSON-LD": "http://recipes.test/bread",
    "forbidden by robots.txt": "http://news.test/private/drafts",
    "a slow host": "http://slow.test/report",
    "a page that is gone": "http://news.test/gone",
    "a host that does not exist": "http://nowhere.invalid/",
    "an address inside": "http://127.0.0.1/admin",
}

ARTICLE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Why ducks float | Pond News</title>
<meta property="og:title" content="Why ducks float"><meta property="og:site_name" content="Pond News">
<meta property="og:description" content="Air in their feathers, oil on top of it, and bones that weigh next to
nothing."> <meta property="og:type" content="article"><meta property="og:image" content="http://pictures.test/duck.jpg">
<meta property="og:image:alt" content="A yellow duck on blue water"><meta name="author" content="Anna Mallard">
<meta property="article:published_time" content="2026-05-04T08:30:00+02:00">
<link rel="canonical" href="http://news.test/ponds/2026/why-ducks-float"><link rel="icon" href="/favicon.ico"></head>
<body><article><h1>Why ducks float</h1><p>A duck that dives stays dry. Its feathers hold a layer of air against the
skin, and the oil that it spreads over them with its beak keeps the water out.</p></article></body></html>"""

RECIPE = """<!doctype html><html lang="en"><head><title>Bread for ducks? Better not - Recipes</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Recipe", "name": "Oat and pea mix",
"description": "What to feed ducks instead of bread.", "author": {"@type": "Person", "name": "Paul Peas"},
"image": {"@type": "ImageObject", "url": "http://pictures.test/peas.png", "width": 640, "height": 400},
"datePublished": "2026-03-01"}</script></head><body><h1>Oat and pea mix</h1><p>Oats, peas, chopped
lettuce.</p></body></html>"""

SLOW = """<!doctype html><html lang="en"><head><title>The annual pond report</title>
<meta name="description" content="It took its time."></head><body><p>All is well.</p></body></html>"""


def picture(kind: str, text: str, colour: tuple[int, int, int]) -> bytes:
    """A picture of 1200 × 630, drawn here."""
    image = Image.new("RGB", (1200, 630), (86, 156, 214))
    draw = ImageDraw.Draw(image)
    draw.ellipse((400, 230, 800, 480), fill=colour)
    draw.ellipse((700, 130, 880, 300), fill=colour)
    draw.polygon(((870, 200), (960, 225), (870, 250)), fill=(240, 140, 40))
    draw.ellipse((800, 180, 825, 205), fill=(20, 20, 20))
    draw.text((60, 540), text, fill=(255, 255, 255), font_size=48)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    """By host and path."""
    host, path = request.host.partition(":")[0], request.path
    if path == "/robots.txt":
        rules = "User-agent: *\nDisallow: /private/\n" if host == "news.test" else "User-agent: *\nAllow: /\n"
        return web.Response(text=rules)
    match host, path:
        case "short.test", "/duck":
            return web.Response(status=301, headers={"Location": "http://go.test/r?to=ducks"})
        case "go.test", "/r":
            return web.Response(
                status=302, headers={"Location": "http://news.test/ponds/2026/why-ducks-float?utm_source=demo"}
            )
        case "news.test", "/ponds/2026/why-ducks-float":
            return web.Response(text=ARTICLE, content_type="text/html", headers={"ETag": '"duck-1"'})
        case "recipes.test", "/bread":
            return web.Response(text=RECIPE, content_type="text/html")
        case "slow.test", "/report":
            await asyncio.sleep(SLOW_SECONDS)
            return web.Response(text=SLOW, content_type="text/html")
        case "pictures.test", "/duck.jpg":
            return web.Response(body=picture("JPEG", "Why ducks float", (250, 210, 60)), content_type="image/jpeg")
        case "pictures.test", "/peas.png":
            return web.Response(body=picture("PNG", "Oat and pea mix", (120, 190, 90)), content_type="image/png")
    return web.Response(status=404, text="there is no such page")


@asynccontextmanager
async def running_site() -> AsyncIterator[int]:
    """The site for the length of the block; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.SockSite(runner, listener, shutdown_timeout=0.5).start()
    try:
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()
