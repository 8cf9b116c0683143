"""What is made from the code is as the code now is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.docs.documents import read
from tests.docs.generated import FILES


@pytest.mark.parametrize(("name", "make"), FILES.items(), ids=FILES)
def test_a_generated_file_is_up_to_date(name: str, make: Callable[[], str]) -> None:
    up_to_date = read(name) == make()
    assert up_to_date, f"{name} is out of date: run `make generated` and look at the difference"
