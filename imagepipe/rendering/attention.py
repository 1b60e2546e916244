"""A simple eye: where in a picture the detail and the colour are, so that a crop keeps them.

Edges and saturation of a small copy, summed along the side that is cut; the window with the most wins. Faces, text and
products have both; sky and walls have neither.
"""

from PIL import Image, ImageChops, ImageFilter

_SIDE = 64


def attention_point(shown: Image.Image, cut: tuple[float, float]) -> tuple[float, float]:
    """The gravity point whose crop of the size `cut` (in the picture's pixels) holds most of what draws the eye."""
    small = shown.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    edges = small.convert("L").filter(ImageFilter.FIND_EDGES).crop((1, 1, _SIDE - 1, _SIDE - 1))
    saturation = small.convert("HSV").getchannel("S").crop((1, 1, _SIDE - 1, _SIDE - 1))
    interest = ImageChops.add(edges, saturation, scale=2)
    columns = list(interest.resize((_SIDE - 2, 1), Image.Resampling.BOX).tobytes())
    rows = list(interest.resize((1, _SIDE - 2), Image.Resampling.BOX).tobytes())
    return _best(columns, cut[0] / shown.width), _best(rows, cut[1] / shown.height)


def _best(line: list[int], share: float) -> float:
    """Start of the window of that share with the largest sum, as a part of the room it can move in."""
    window = max(1, min(len(line), round(len(line) * share)))
    room = len(line) - window
    if room == 0:
        return 0.5
    sums = [sum(line[:window])]
    for start in range(room):
        sums.append(sums[-1] - line[start] + line[start + window])
    most = max(sums)
    best = [start for start, value in enumerate(sums) if value == most]
    return best[len(best) // 2] / room  # the middle one of equals: a picture without detail is cut at its centre
