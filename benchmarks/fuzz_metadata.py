"""Throws mutated pages and files at `extract_metadata` for a while and looks for what must never happen.

    python benchmarks/fuzz_metadata.py [--minutes 10] [--seed 1]

A rule that raised (the extractor's last fence catches it), a result that cannot be stored, and an input that takes more
than a second are failures; their inputs are written to `benchmarks/seeds/metadata`, which every later run begins with.
"""

import argparse
import hashlib
import io
import random
import time
from pathlib import Path

import pypdf

from schedulers.metadata import encode_metadata, encode_provenance, extract_metadata
from tests.corpora import CORPORA

SEEDS = Path(__file__).parent / "seeds" / "metadata"
LARGEST = 200_000
SLOW = 1.0
TYPES = (
    None,
    "text/html",
    "text/html; charset=utf-16",
    "text/html; charset=shift_jis",
    "application/xhtml+xml",
    "application/json",
    "application/rss+xml",
    "text/plain",
    "image/png",
    "image/svg+xml",
    "application/pdf",
    "audio/mpeg",
    "video/mp4",
)
# Words that mean something to some rule.
TOKENS = (
    b"<meta property=og:image content='", b"<meta name=robots content='", b"<title>", b"<base href='", b"'>", b'">',
    b"<script type=application/ld+json>", b"</script>", b'{"@type":"Article","headline":', b'{"@graph":[{"@id":"#a"}]}',
    b'"author":{"@id":"#a"},', b"<img srcset='a 1x, b 2x'>", b"<p>", b"<div itemscope itemprop=author>", b"&#x0;",
    b"<link rel='canonical icon alternate amphtml' href='", b"hreflang=", b"sizes=1x1", b"\xff\xfe", b"\xed\xa0\x80",
    b"1" * 400, b"[" * 2000, b"<div>" * 700, b" a=b" * 700, b"\0", b"moov", b"\x1a\x45\xdf\xa3", b"ftypavif",
    b"ispe", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"\\ud800", b"1e400", b"NaN", b"PT9999999999H", b"9999-99-99T99:99:99Z",
)  # fmt: skip

# The least of each kind that the corpora lack.
FILES = (
    b"<!doctype html><title>A page</title><p>Text</p>",
    b"<rss><channel><title>A feed</title><language>en</language><item/></channel></rss>",
    b"\0\0\0\x14ftypisom\0\0\0\0isom\0\0\0\x74moov\0\0\0\x6cmvhd" + bytes(100),
    b"\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01\x18\x53\x80\x67\x8d\x15\x49\xa9\x66\x88\x44\x89\x84" + bytes(4),
    b"ID3\x04\0\0\0\0\0\x15TIT2\0\0\0\x0b\0\0\x03A sound" + b"\xff\xfb\x90\x00" * 200,
    b"fLaC\x80\0\0\x22" + bytes(34),
    b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(23),
    b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x04\0\0\0abcd",
)


def corpus() -> list[bytes]:
    """Earlier findings, and the small files of the corpora."""
    files = [*SEEDS.glob("*.bin")]
    for folder, suffixes in (("pages", (".html", ".json", ".xml")), ("encoding", ("",)), ("images", ("",))):
        files += [path for path in (CORPORA / folder).rglob("*") if path.is_file() and path.name.endswith(suffixes)]
    return [_document(), *FILES] + [path.read_bytes() for path in sorted(files) if path.stat().st_size <= LARGEST]


def _document() -> bytes:
    """A PDF of two pages with everything in its information dictionary."""
    writer, buffer = pypdf.PdfWriter(), io.BytesIO()
    for _ in range(2):
        writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "A paper", "/Author": "Jane Doe", "/CreationDate": "D:20150428115411+02'00'"})
    writer.write(buffer)
    return buffer.getvalue()


def mutated(body: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A few cuts, copies, splices, flipped bytes and meaningful words."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[place:place] = chance.choice(TOKENS)
            case 1:
                del data[place : place + chance.randint(1, 200)]
            case 2:
                data[place:place] = data[place : place + chance.randint(1, 500)] * chance.randint(1, 20)
            case 3 if place < len(data):
                data[place] = chance.randrange(256)
            case 4:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                data[place:place] = other[start : start + chance.randint(1, 2_000)]
            case _:
                data[place : place + 4] = chance.randbytes(4)
    return bytes(data[:LARGEST])


def failure(body: bytes, content_type: str | None) -> str | None:
    """What went wrong with one input, if anything."""
    begun = time.process_time()
    metadata = extract_metadata(body, url="https://news.example/2026/a?b=c", content_type=content_type)
    taken = time.process_time() - begun
    if (fence := metadata.provenance.get("failure")) is not None:
        return fence.rule
    try:
        encode_metadata(metadata)
        encode_provenance(metadata)
    except (TypeError, ValueError) as error:
        return f"cannot be stored: {error}"
    return f"{taken:.1f} s" if taken > SLOW else None


def main() -> int:
    """Runs for the time given; ends with 1 where something was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    chance, bodies = random.Random(given.seed), corpus()
    end, runs, found = time.monotonic() + given.minutes * 60, 0, 0
    while time.monotonic() < end:
        body, content_type = mutated(chance.choice(bodies), bodies, chance), chance.choice(TYPES)
        runs += 1
        if (what := failure(body, content_type)) is None:
            continue
        found += 1
        name = hashlib.sha256(body).hexdigest()[:16]
        SEEDS.mkdir(parents=True, exist_ok=True)
        (SEEDS / f"{name}.bin").write_bytes(body)
        print(f"{name} as {content_type}: {what}", flush=True)
    print(f"{runs} inputs from {len(bodies)} files in {given.minutes:g} minutes, seed {given.seed}: {found} failures")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
