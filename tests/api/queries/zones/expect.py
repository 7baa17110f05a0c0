#!/usr/bin/env python3
"""Computes the boundaries of days and months in several time zones with Python's zoneinfo. tests/api/queries/release_sets.rs
compares Dateline's timelines with the result.

    python3 tests/api/queries/zones/expect.py > tests/api/queries/zones/expected.json

A day begins at the first instant whose local date is that day. The script finds this instant by trying every minute, so the
result does not depend on how a library treats local times that do not exist or occur twice. The result omits a day that a
time zone skipped.
"""

import datetime as dt
import importlib.metadata
import json
import platform
import zoneinfo

UTC = dt.timezone.utc


def first_instant(day, zone):
    """Returns the first minute whose local date in the zone is `day` or later, in seconds since 1970."""
    noon = int(dt.datetime.combine(day, dt.time(12), UTC).timestamp())
    for at in range(noon - 2 * 86400, noon + 2 * 86400, 60):
        if dt.datetime.fromtimestamp(at, UTC).astimezone(zone).date() >= day:
            return at


def periods(name, interval, first, last):
    zone = zoneinfo.ZoneInfo(name)
    day, found = first, []
    while day <= last:
        if interval == "MONTH":
            following = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
            label = f"{day:%Y-%m}"
        else:
            following = day + dt.timedelta(days=1)
            label = day.isoformat()
        start, end = first_instant(day, zone), first_instant(following, zone)
        if start != end:
            stamp = lambda at: dt.datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            found.append({"label": label, "start": stamp(start), "end": stamp(end)})
        day = following
    return {"timeZone": name, "interval": interval, "from": first.isoformat(), "until": last.isoformat(), "points": found}


D = dt.date
print(json.dumps({
    "source": f"Python {platform.python_version()} zoneinfo, tzdata {importlib.metadata.version('tzdata')}",
    "cases": [
        periods("Asia/Phnom_Penh", "MONTH", D(2006, 1, 1), D(2006, 12, 31)),
        periods("Europe/Zurich", "MONTH", D(2024, 1, 1), D(2025, 12, 31)),
        periods("America/St_Johns", "MONTH", D(2005, 1, 1), D(2012, 12, 31)),
        periods("Pacific/Apia", "MONTH", D(2011, 10, 1), D(2012, 4, 30)),
        periods("Pacific/Apia", "DAY", D(2011, 12, 25), D(2012, 1, 3)),
        periods("America/Sao_Paulo", "DAY", D(2018, 11, 1), D(2018, 11, 8)),
        periods("America/Havana", "DAY", D(2024, 11, 1), D(2024, 11, 6)),
        periods("Asia/Beirut", "DAY", D(2024, 3, 29), D(2024, 4, 2)),
    ],
}, indent=1))
