"""Prints what the datasets library loads from a folder: table to split to columns, count and first row."""

import json
import sys

from datasets import get_dataset_config_names, load_dataset

folder = sys.argv[1]
found = {name: load_dataset(folder, name) for name in get_dataset_config_names(folder)}
print(
    json.dumps(
        {
            name: {
                split: {"features": str(table.features), "rows": table.to_list()}
                for split, table in splits.items()
            }
            for name, splits in found.items()
        }
    )
)
