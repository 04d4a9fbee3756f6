"""Runs docs/notebook.ipynb and keeps what its cells show: `python -m docs.make_notebook`, half a minute on two cores.

SqueezeNet's weights must be installed; `nbclient` and `ipykernel` run it.
"""

import argparse
import json
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"


def main(arglist=None):
    """Run the notebook beside itself, as Jupyter does, and write it back with its outputs."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_notebook", description=__doc__.split("\n\n")[0])
    parser.parse_args(arglist)
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": NOTEBOOK.parent}}).execute()
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{NOTEBOOK}: {NOTEBOOK.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
