"""How long calls take, in a histogram of fixed size: memory does not grow with the run. Pure."""

from __future__ import annotations

import math

# The first bucket ends at one millisecond and each is 7 % wider than the one before it, so a
# percentile is right within 4 %. The last one begins beyond an hour.
_FIRST = 0.001
_GROWTH = math.log(1.07)
_BUCKETS = 230


class Histogram:
    """Durations in seconds. Not for many threads at once without a lock."""

    __slots__ = ("_counts", "count", "longest", "shortest")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.shortest = math.inf
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = 0
        if seconds > _FIRST:
            bucket = min(int(math.log(seconds / _FIRST) / _GROWTH) + 1, _BUCKETS - 1)
        self._counts[bucket] += 1
        self.count += 1
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)

    def percentile(self, percent: int) -> float:
        """Seconds that ``percent`` of 100 durations do not exceed; 0 where there are none."""
        wanted = math.ceil(self.count * percent / 100)
        # Of few durations a bucket's middle would not agree with those that are known.
        if wanted == self.count:
            return self.longest
        if wanted <= 1:
            return self.shortest
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                middle = _FIRST * math.exp((bucket - 0.5) * _GROWTH)
                return min(max(middle, self.shortest), self.longest)
        return 0.0
