"""Runs a notebook in a folder, writes it with its outputs to a file, and prints what its cells gave."""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

source, out, folder = map(Path, sys.argv[1:])
notebook = nbformat.read(source, as_version=4)
NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(folder)}}).execute()
nbformat.write(notebook, out)
print(json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"]))
