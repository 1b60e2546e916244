"""Dates as pages write them, as ISO 8601: the offset where one is given, none invented where it is not.

Used by the ladders of `fields/`. A date that can be read in two ways is not read (`03/04/2021`), and one before the web
or far ahead is a template's slip.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# Digitised papers and books are older than the web; nobody publishes in the year 0001.
FIRST_YEAR = 1500
LAST_YEAR = 2100
_LIMIT = 64
_EPOCH = re.compile(
    r"1970-01-01(?:[T ]00:00|$)|1969-12-31[T ](?:1[2-9]|2[0-3]):00:00"
)  # where no date was set, in some zone

_ISO = re.compile(
    r"(\d{4})(?:-|/|\.\s?|年|년\s?)?(\d{1,2})(?:-|/|\.\s?|月|월\s?)?(\d{1,2})[日일]?"
    r"(?:(?:[T ]|\s+at\s+)\s*(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{1,2}:\d{2}Z?|[+-]\d{4}Z?|[+-]\d{2})?(?![\d:])"
)
# What most pages write, in the form that is wanted: passed on as it is.
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?(?:Z|[+-]\d\d:\d\d)?")
_WORDS = re.compile(r"[^\W\d_]+|\d+(?:st|nd|rd|th)?", re.UNICODE)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?\b", re.IGNORECASE)
_LABEL = re.compile(
    r"^(?:published|updated|posted|date|datum|veröffentlicht|publié|publicado)(?:\s+(?:on|am|le|el))?\s*:?\s+(?=.*\d)",
    re.IGNORECASE,
)
_WEEKDAY_FIRST = re.compile(r"[A-Za-z]{3,9},\s")  # RFC 850 writes it out
_HALF = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_OFFSET = re.compile(r"\b(?:GMT|UTC)?([+-]\d{2}):?(\d{2})\b|\b(GMT|UTC|Z)\b|\b([ECMP][SD]T)\b", re.IGNORECASE)
# The zones that RFC 822 names.
_NAMED_ZONES = {
    f"{zone}{kind}T": f"-{hours:02}:00"
    for zone, first in zip("ECMP", range(5, 9), strict=True)
    for kind, hours in (("S", first), ("D", first - 1))
}
_NUMERIC = re.compile(
    r"^(?:([a-z]{3})[a-z]{0,6}\.?,?\s+)?"  # a weekday, which says which figure is the day
    r"(\d{1,2})([./-])(\d{1,2})\3(\d{4})"
    r"(?:(?:\s+-\s+|[ T,]+)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?\.?(?:\s*(?:uhr|h))?)?$",
    re.IGNORECASE,
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier enero ene januar gennaio gen janeiro januari"
            " января январь stycznia styczeń ledna січня ocak tammikuuta januára ianuarie leden",
            "february feb février fevrier fév febrero februar febbraio fevereiro fev februari"
            " февраля февраль lutego luty února лютого şubat helmikuuta februára februarie únor",
            "march mar mars marzo märz mrz março maart mrt"
            " марта март marca marzec března березня mart maaliskuuta martie březen",
            "april apr avril avr abril abr aprile"
            " апреля апрель kwietnia kwiecień dubna квітня nisan huhtikuuta apríla aprilie duben",
            "may mai mayo mag maggio maio mei мая май maja května травня mayıs toukokuuta mája květen",
            "june jun juin junio juni giugno giu junho"
            " июня июнь czerwca czerwiec června червня haziran kesäkuuta júna iunie červen",
            "july jul juillet juil julio juli luglio lug julho"
            " июля июль lipca lipiec července липня temmuz heinäkuuta júla iulie červenec",
            "august aug août aout agosto ago augustus"
            " августа август sierpnia sierpień srpna серпня ağustos elokuuta augusta srpen",
            "september sep sept septembre septiembre settembre set setembro"
            " сентября сентябрь września wrzesień září вересня eylül syyskuuta septembra septembrie",
            "october oct octobre octubre oktober okt ottobre ott outubro out"
            " октября октябрь października październik října жовтня ekim lokakuuta októbra octombrie říjen",
            "november nov novembre noviembre novembro"
            " ноября ноябрь listopada listopad listopadu листопада kasım marraskuuta novembra noiembrie",
            "december dec décembre decembre déc diciembre dic dezember dez dicembre dezembro december"
            " декабря декабрь grudnia grudzień prosince грудня aralık joulukuuta decembra decembrie prosinec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTHS |= {
    name: number
    for names in (
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου"
        " οκτωβρίου νοεμβρίου δεκεμβρίου",
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר",
    )
    for number, name in enumerate(names.split(), start=1)
}


def iso(value: str) -> str | None:
    """`value` in ISO 8601, as exact as it was written: a day, a minute or a second, with or without an offset."""
    value = _LABEL.sub("", value.strip())
    if not value or len(value) > _LIMIT or _EPOCH.match(value):
        return None
    if _EXACT.fullmatch(value) and (exact := _checked(value)):
        return exact
    match = _ISO.match(value)
    if match is not None and (match.end() == len(value) or not value[match.end()].isalnum()):
        return _from_iso(match)
    try:
        return _numeric(value) or _epoch(value) or _rfc_822(value) or _worded(value)
    except (ValueError, OverflowError):
        return None


def _checked(value: str) -> str | None:
    """A text that has our form already, where it names a day that there is."""
    try:
        return value if FIRST_YEAR <= datetime.fromisoformat(value).year <= LAST_YEAR else None
    except ValueError:
        return None


def _from_iso(match: re.Match[str]) -> str | None:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    if hour is None:
        return moment.date().isoformat()
    text = moment.isoformat(timespec="seconds" if second else "minutes")
    return text + (f".{fraction[:6]}" if fraction else "") + _zone(zone)


def _zone(zone: str | None) -> str:
    if not zone:
        return ""
    if zone[0] not in "+-":
        return "Z"
    hours, _, minutes = zone[1:].rstrip("Z").partition(":")
    digits = f"{hours:0>2}{minutes}".ljust(4, "0")
    if zone.endswith("Z") and int(digits) == 0:
        return "Z"
    return f"{zone[0]}{digits[:2]}:{digits[2:]}" if int(digits[:2]) <= 15 and int(digits[2:]) < 60 else ""


def _numeric(value: str) -> str | None:
    """Day, month and year in figures, only where their order cannot be mistaken: dots, a figure above twelve, a weekday
    that fits one order alone, or Drupal's format, which is month first (`Tue, 07/11/2023 - 17:57`)."""
    match = _NUMERIC.match(value)
    if match is None:
        return None
    weekday, first, separator, second, year = match[1], int(match[2]), match[3], int(match[4]), int(match[5])
    orders = [(first, second)] if separator == "." or first == second else [(first, second), (second, first)]
    fitting = [order for order in orders if order[1] <= 12 and _falls_on(year, order, weekday)]
    if len(fitting) != 1 and not (fitting and weekday and " - " in value):
        return None
    day, month = fitting[-1]
    hour, minute, second_, half = match[6], match[7], match[8], match[9]
    if hour is None:
        return _plain(year, month, day, None, "")
    return _plain(year, month, day, (str(_of_day(int(hour), half)), minute, second_), "")


def _falls_on(year: int, order: tuple[int, int], weekday: str | None) -> bool:
    """Whether day and month are a date, and one of that weekday where an English one is given."""
    try:
        number = datetime(year, order[1], order[0]).weekday()
    except ValueError:
        return False
    return weekday is None or weekday.lower() not in _WEEKDAYS or _WEEKDAYS[number] == weekday.lower()


def _of_day(hour: int, half: str | None) -> int:
    """The hour of a clock of twelve hours, `a` or `p`, as one of a day."""
    return hour if not half else hour % 12 + (12 if half.lower() == "p" else 0)


def _epoch(value: str) -> str | None:
    """Seconds or milliseconds since 1970."""
    if not value.isascii() or not value.isdigit() or len(value) not in (10, 13):
        return None
    seconds = int(value[:10])
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds >= 631_152_000 else None


def _rfc_822(value: str) -> str | None:
    if _WEEKDAY_FIRST.match(value) is None or ":" not in value or _HALF.search(value):
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _worded(value: str) -> str | None:
    """`May 5, 2015 at 6:01 am`, `5. Mai 2015`, `le 5 mai 2015 à 18:30`."""
    words = _WORDS.findall(_CLOCK.sub(" ", value).lower())
    month = next((_MONTHS[word] for word in words if word in _MONTHS), None)
    numbers = [int(digits) for word in words if (digits := word.rstrip("stndrh")).isdecimal() and len(digits) <= 4]
    year = next((number for number in numbers if FIRST_YEAR <= number <= LAST_YEAR), None)
    day = next((number for number in numbers if 1 <= number <= 31), None)
    if month is None or year is None or day is None:
        return None
    clock = _CLOCK.search(value)
    if clock is None:
        return _plain(year, month, day, None, "")
    zone = _OFFSET.search(value, clock.end(2)) or _OFFSET.search(value[: clock.start()].rpartition(" ")[2])
    hour = _of_day(int(clock[1]), clock[4])
    offset = (
        ""
        if zone is None
        else "Z"
        if zone[3]
        else _NAMED_ZONES[zone[4].upper()]
        if zone[4]
        else _zone(zone[1] + zone[2])
    )
    return _plain(year, month, day, (str(hour), clock[2], clock[3]), offset)


def _plain(year: int, month: int, day: int, clock: tuple[str, str, str | None] | None, offset: str) -> str:
    if clock is None:
        return datetime(year, month, day).date().isoformat()
    hour, minute, second = clock
    moment = datetime(year, month, day, int(hour), int(minute), int(second or 0))
    return moment.isoformat(timespec="seconds" if second else "minutes") + offset


def moment(text: str) -> datetime:
    """An ISO text of ours as a point in time, UTC where it names no offset (for comparing and sorting)."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone(timedelta(0)))
