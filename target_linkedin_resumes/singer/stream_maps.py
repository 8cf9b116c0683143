"""What the SDK's stream maps would make of a record that they filter out or fail on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import RemoveRecordTransform, StreamMap

from target_linkedin_resumes.records import Record

if TYPE_CHECKING:
    from singer_sdk.target_base import Target


def is_dropped(target: Target, stream: str) -> bool:
    """Tell whether the stream maps let no record of a stream through."""
    maps = target.mapper.stream_maps.get(stream, [])
    return bool(maps) and all(isinstance(one, RemoveRecordTransform) for one in maps)


def without_failing(stream_map: StreamMap, record: Record) -> Record:
    """Return a record as a stream map makes it without its filter and the expressions that fail."""
    failed = object()

    def evaluated(*arguments: Any, **named: Any) -> Any:
        try:
            return type(stream_map)._eval(stream_map, *arguments, **named)  # type: ignore[attr-defined]  # noqa: SLF001
        except Exception:  # noqa: BLE001 - whatever an expression of the user raises
            return failed

    own = vars(stream_map)
    own["_eval"] = evaluated
    try:
        made = unfiltered(stream_map, record)
    finally:
        del own["_eval"]
    return {name: value for name, value in made.items() if value is not failed}


def unfiltered(stream_map: StreamMap, record: Record) -> Record:
    """Return a record as a stream map makes it without its filter; empty if that fails."""
    own = vars(stream_map)
    own["get_filter_result"] = lambda _: True
    try:
        return stream_map.transform(dict(record)) or {}
    except Exception:  # noqa: BLE001 - whatever an expression of the user raises
        return {}
    finally:
        del own["get_filter_result"]
