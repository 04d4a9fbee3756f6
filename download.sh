#!/bin/sh
# Fetches the weights and the sample pictures into model/ and input/ beside this file, or builds what stands in for
# them. See `sh download.sh --help`; the work is done by neural_style/download/.
NSTYLE_CALLED_FROM=$PWD
export NSTYLE_CALLED_FROM
cd "$(dirname "$0")" || exit 1

for python in .venv/bin/python .venv/Scripts/python.exe .venv-torch/bin/python python3 python ''; do
    if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1; then
        break
    fi
done
if [ -z "$python" ]; then
    echo "download.sh: no Python found; install Python 3.9 to 3.12, or make a virtual environment in .venv" >&2
    exit 1
fi
if ! lacking=$("$python" -c '
import sys
here = "this is %d.%d" % sys.version_info[:2]
if sys.version_info < (3, 9):
    sys.exit("Python 3.9 to 3.12 for MXNet; " + here)
try:
    import filelock, numpy, requests, tqdm
except ImportError as error:
    first = "%s; first run: %s -m pip install -r requirements" % (error, sys.argv[1])
    if sys.version_info >= (3, 13):
        sys.exit(first + "-torch.txt (Python 3.9 to 3.12 for MXNet; " + here + ")")
    sys.exit(first + ".txt")
' "$python" 2>&1); then
    echo "download.sh: $python: ${lacking##*Error: }" >&2
    exit 1
fi
exec "$python" -m neural_style.download "$@"
