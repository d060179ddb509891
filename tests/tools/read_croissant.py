"""Prints what mlcroissant says of a file and reads by it: errors, warnings, record set to its rows."""

import json
import sys
from typing import Any

import mlcroissant


def plain(value: Any) -> Any:
    """A value as JSON, its fields by the last part of their names."""
    if isinstance(value, dict):
        return {name.rpartition("/")[2]: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.decode() if isinstance(value, bytes) else value


dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = dataset.metadata.ctx.issues
rows = {one.name: plain(list(dataset.records(record_set=one.name))) for one in dataset.metadata.record_sets}
print(json.dumps({"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "rows": rows}))
