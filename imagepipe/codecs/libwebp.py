"""Decodes a still WebP with libwebp's still decoder, as it comes with Pillow: row by row, and reduced on the way.

Pillow decodes every WebP with the decoder of animations, which holds 16 bytes for each pixel of the whole picture.
Where the library is not found behind Pillow's module, `AVAILABLE` is false. Structures: webp/decode.h, ABI 2.x.
"""

import ctypes
from ctypes import POINTER, Structure, Union, byref, c_int, c_size_t, c_uint8, c_uint32, c_void_p

from PIL import Image, _webp

_ABI = 0x0209  # the library refuses another first byte
_RGB, _RGBA = 0, 1


class _Features(Structure):
    _fields_ = (
        *((name, c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("pad", c_uint32 * 5),
    )


class _Packed(Structure):
    _fields_ = (("pixels", POINTER(c_uint8)), ("stride", c_int), ("size", c_size_t))


class _Planes(Structure):
    _fields_ = (
        *((name, c_void_p) for name in "yuva"),
        *((f"{name}_stride", c_int) for name in "yuva"),
        *((f"{name}_size", c_size_t) for name in "yuva"),
    )


class _Pixels(Union):
    _fields_ = (("packed", _Packed), ("planes", _Planes))


class _Output(Structure):
    _fields_ = (
        *((name, c_int) for name in ("colours", "width", "height", "is_external")),
        ("pixels", _Pixels),
        ("pad", c_uint32 * 4),
        ("private", c_void_p),
    )


class _Options(Structure):
    _fields_ = (
        *((name, c_int) for name in ("bypass_filtering", "no_fancy_upsampling", "use_cropping")),
        *((f"crop_{name}", c_int) for name in ("left", "top", "width", "height")),
        *((name, c_int) for name in ("use_scaling", "scaled_width", "scaled_height", "use_threads")),
        *((name, c_int) for name in ("dithering_strength", "flip", "alpha_dithering_strength")),
        ("pad", c_uint32 * 5),
    )


class _Config(Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


_library = ctypes.CDLL(_webp.__file__)  # its symbols, and those of the libraries that it was linked with
AVAILABLE = all(
    hasattr(_library, name)
    for name in (
        *("WebPInitDecoderConfigInternal", "WebPGetFeaturesInternal", "WebPDecode"),
        *("WebPIDecode", "WebPIUpdate", "WebPIDecGetRGB", "WebPIDelete"),
    )
)
if AVAILABLE:
    _library.WebPIDecode.restype = c_void_p
    _library.WebPIDecGetRGB.restype = c_void_p
_CUT_OFF = 7  # VP8_STATUS_NOT_ENOUGH_DATA
_SUSPENDED = 5
_GREY, _CLEAR = b"\x80", b"\0"


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height as the decoder sees them. `OSError` where it sees no picture."""
    features = _read(data).input
    return features.width, features.height


def decode(data: bytes, size: tuple[int, int] | None = None) -> Image.Image:
    """The picture, RGB or RGBA, reduced to `size`. Of one that is cut off the rows that came; the others are grey, or
    clear. `OSError` for what is damaged or animated, and where no row came."""
    config = _read(data)
    config.output.colours, mode = (_RGBA, "RGBA") if config.input.has_alpha else (_RGB, "RGB")
    width, height = size or (config.input.width, config.input.height)
    if size is not None:
        config.options.use_scaling = 1
        config.options.scaled_width, config.options.scaled_height = size
    stride = width * len(mode)
    held = bytearray(stride * height)
    pixels = (c_uint8 * len(held)).from_buffer(held)
    config.output.is_external = 1
    config.output.pixels.packed.pixels = ctypes.cast(pixels, POINTER(c_uint8))
    config.output.pixels.packed.stride = stride
    config.output.pixels.packed.size = len(pixels)
    status = _library.WebPDecode(data, c_size_t(len(data)), byref(config))
    if status == _CUT_OFF:
        held[:] = (_CLEAR if mode == "RGBA" else _GREY) * len(held)
        status = _decode_rows(data, config)
    if status:
        raise OSError(f"libwebp ended with {status}")
    return Image.frombuffer(mode, (width, height), held, "raw", mode, 0, 1)


def _decode_rows(data: bytes, config: _Config) -> int:
    """As many rows as came. 0, or the status of a picture of which there is none."""
    decoder = c_void_p(_library.WebPIDecode(None, c_size_t(0), byref(config)))
    if not decoder:
        return _CUT_OFF
    try:
        status = int(_library.WebPIUpdate(decoder, data, c_size_t(len(data))))
        rows = c_int(0)
        _library.WebPIDecGetRGB(decoder, byref(rows), None, None, None)
        return 0 if status == 0 or (status == _SUSPENDED and rows.value > 0) else status
    finally:
        _library.WebPIDelete(decoder)


def _read(data: bytes) -> _Config:
    config = _Config()
    if not _library.WebPInitDecoderConfigInternal(byref(config), _ABI):
        raise OSError("libwebp is of another version")
    status = _library.WebPGetFeaturesInternal(data, c_size_t(len(data)), byref(config.input), _ABI)
    if status or config.input.has_animation:
        raise OSError(f"libwebp sees no still picture ({status})")
    return config
