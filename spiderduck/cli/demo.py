"""`spiderduck demo`: the whole flow without a network, in ten seconds."""

import asyncio
import tempfile
from typing import Annotated, Any

import typer

from groundwork.memory import tune_allocator
from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import AsJson


def demo(
    port: Annotated[int, typer.Option(help="Port of the console; 0 picks a free one.")] = 0,
    keep: Annotated[bool, typer.Option(help="Keep serving afterwards, so that you can look at the console.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the product with a small web of its own on this machine, send it events, and show the results.

    That web has several hosts, a redirect chain, a slow host, a partly forbidding robots.txt, and pictures. Nothing
    is stored.
    """
    from spiderduck.bootstrap.logs import set_up_logs

    set_up_logs("error")
    tune_allocator()
    with tempfile.TemporaryDirectory(prefix="spiderduck-demo-") as folder:
        asyncio.run(_demo(folder, port, keep, as_json))


async def _demo(folder: str, port: int, keep: bool, as_json: bool) -> None:
    from spiderduck.bootstrap.processes import Started, serve
    from spiderduck.config import load
    from spiderduck.demo.site import running_site

    async with running_site() as site:
        tables: dict[str, Any] = {
            "fetchers": {
                "user_agent": "SpiderDuckDemo/1.0 (+http://news.test/bot)",
                "rate_limit": {"per_second": 10.0},  # it is our own web, and ten seconds are soon over
                "network": {"resolve": {"*.test": f"127.0.0.1:{site}"}},
            }
        }
        settings = load(None, {}, {"data": folder, "port": port, **tables})
        stop = asyncio.Event()
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def started(where: Started) -> None:
            url.set_result(where.url)

        serving = asyncio.create_task(serve(settings, started, stop=stop))
        await asyncio.wait((serving, url), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        try:
            await asyncio.to_thread(_tell, url.result(), as_json)
            if keep:
                say(f"the console is at {url.result()}; press Ctrl-C to stop")
                await stop.wait()
        finally:
            stop.set()
            await serving


def _tell(server: str, as_json: bool) -> None:
    """Send the events and show each card as its notice comes."""
    import msgspec

    from spiderduck.cli.card import print_record
    from spiderduck.cli.server import ServerClient
    from spiderduck.demo.site import LINKS

    console = plain_console()
    client = ServerClient(server, None)
    if not as_json:
        say(f"SpiderDuck listens on {server}; {len(LINKS)} links are shared with it now:")
        say()
        for what, url in LINKS.items():
            say(f"  {what:<28}{url}")
        say()
    stream = client.events("/v1/stream", {})
    next(stream)  # connected: nothing of what follows is missed
    events = [{"id": f"demo-{number}", "urls": [url]} for number, url in enumerate(LINKS.values())]
    client.post("/v1/events", msgspec.json.encode(events))
    open_events = {event["id"] for event in events}
    open_pictures = 2
    for event in filter(lambda one: one.is_notice, stream):
        notice = msgspec.json.decode(event.data)
        if as_json:
            say_json(event.data)
        elif notice["outcome"] == "updated":
            image = notice["data"]["metadata"]["image"]
            say(f"  picture measured: {image['url']} is {image['width']}×{image['height']}, {image['type']}")
            say()
        else:
            print_record(console, notice["data"], notice["outcome"])
        open_pictures -= notice["outcome"] == "updated"
        open_events.discard(notice.get("event_id"))
        if not open_events and open_pictures <= 0:
            return
