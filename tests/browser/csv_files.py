"""Reads the CSV files of a demo newsroom with pandas, by the example in docs/dashboard.md."""

import re
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "clients"))
from server import Server  # noqa: E402

# The address in the documentation.
DOCUMENTED = "http://127.0.0.1:8000"


def example(site: str) -> dict:
    """Executes the Python example of the documentation with another address. Returns its variables."""
    text = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    variables: dict = {}
    exec(code.replace(DOCUMENTED, site), variables)
    return variables


def main() -> None:
    with Server() as server:
        site = server.url.removesuffix("/graphql")
        variables = example(site)
        topics, months = variables["topics"], variables["months"]
        assert list(topics.columns) == ["value", "label", "count", "share"], topics.columns
        assert topics["count"].is_monotonic_decreasing and topics["share"].between(0, 1).all()
        assert isinstance(months.index, pd.DatetimeIndex)
        assert months["complete"].dtype == bool
        releases = pd.read_csv(f"{site}/releases.csv", parse_dates=["release_date", "published_at"])
        assert list(releases.columns)[0] == "id" and releases["id"].is_unique
        # The same count in three files.
        by_month = releases.groupby(releases["release_date"].dt.to_period("M")).size()
        assert months["count"].sum() == len(releases) == months["cumulative"].iloc[-1]
        assert (by_month.to_numpy() == months.loc[months["count"] > 0, "count"].to_numpy()).all()
        kinds = pd.read_csv(f"{site}/facets.csv?field=kinds", index_col="value")
        by_kind = releases["kind"].str.lower().str.replace("_", "-").value_counts()
        assert kinds["count"].to_dict() == by_kind.to_dict()
        # A change can be negative.
        year = "from=2007-01-01&until=2007-12-31&compare=last-year"
        changes = pd.read_csv(f"{site}/facets.csv?field=topics&{year}")
        assert (changes["change"] == changes["count"] - changes["before"]).all() and changes["change"].min() < 0
        # The file for spreadsheets begins with a mark.
        marked = pd.read_csv(f"{site}/facets.csv?field=languages&bom=true", encoding="utf-8-sig", index_col="value")
        assert marked.loc["fr", "label"] == "français"
    print("pandas read every file")


if __name__ == "__main__":
    main()
