"""Numbers and times as people read them."""

from __future__ import annotations


def count(number: int, noun: str = "", plural: str = "") -> str:
    """``1,234 records``, ``1 record``."""
    text = f"{number:,}"
    return f"{text} {noun if number == 1 else plural or noun + 's'}" if noun else text


def duration(seconds: float) -> str:
    """``40 ms``, ``1.4 s``, ``12 s``, ``3 min``, ``3 min 5 s``, ``2 h 7 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"


def latency(seconds: float) -> str:
    """``8 ms``, ``430 ms``, ``1.2 s``, ``75 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def size(number: int) -> str:
    """``512 bytes``, ``1.5 MB``."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 999.5 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:,.1f} {unit}"
