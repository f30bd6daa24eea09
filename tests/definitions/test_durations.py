import re

import pytest

from definitions import durations


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("1d", 86_400), ("0s", 0)]
)
def test_a_duration_is_a_whole_number_and_a_unit(written: str, seconds: int) -> None:
    assert durations.seconds(written) == seconds


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("15 minutes", '"15 minutes" is not a duration: write 15m'),
        ("15min", '"15min" is not a duration: write 15m'),
        ("2 Hours", '"2 Hours" is not a duration: write 2h'),
        ("1 day", '"1 day" is not a duration: write 1d'),
        (" 15m ", '" 15m " is not a duration: write 15m'),
        ("15M", '"15M" is not a duration: write 15m'),
        ("900", '"900" is not a duration: write 900s or 15m'),
        ("7", '"7" is not a duration: write 7s, 7m or 7h'),
        (
            "1.5h",
            '"1.5h" is not a duration: write a whole number and a unit: 90s, 15m, 2h or 1d',
        ),
        ("-5m", '"-5m" is not a duration: write a whole number and a unit: 90s, 15m, 2h or 1d'),
        ("", '"" is not a duration: write a whole number and a unit: 90s, 15m, 2h or 1d'),
        ("٣m", '"٣m" is not a duration: write a whole number and a unit: 90s, 15m, 2h or 1d'),
        (900, "900 has no unit: write 900s or 15m"),
        (61, "61 has no unit: write 61s, 61m or 61h"),
        (-1, "-1 has no unit: write 90s, 15m, 2h or 1d"),
        (True, "True is not a duration: write 90s, 15m, 2h or 1d"),
        (None, "None is not a duration: write 90s, 15m, 2h or 1d"),
    ],
)
def test_what_is_no_duration_is_told_what_to_write(written: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        durations.seconds(written)


@pytest.mark.parametrize(
    ("seconds", "written"), [(90, "90s"), (900, "15m"), (7_200, "2h"), (172_800, "2d"), (0, "0s")]
)
def test_seconds_are_written_in_their_largest_unit(seconds: int, written: str) -> None:
    assert durations.text(seconds) == written
    assert durations.seconds(written) == seconds
