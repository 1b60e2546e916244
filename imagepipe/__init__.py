"""A server-side image pipeline: pictures at any size from three cache tiers. Start reading at `pipeline.py`."""

from imagepipe.model import PictureInfo, Rendered, Variant
from imagepipe.rendering.probe import probe
from imagepipe.rendering.render import render
from imagepipe.urls import srcset, url

__all__ = ["PictureInfo", "Rendered", "Variant", "probe", "render", "srcset", "url"]
