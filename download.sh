#!/bin/sh
# Fetches the weights and the sample pictures into model/ and input/ beside this file, or builds what stands in for
# them. See `sh download.sh --help`; the work is done by neural_style/download/.
cd "$(dirname "$0")" || exit 1

for python in .venv/bin/python .venv/Scripts/python.exe python3 python ''; do
    if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1; then
        break
    fi
done
if [ -z "$python" ]; then
    echo "download.sh: no Python found; install Python 3.9 to 3.12, or make a virtual environment in .venv" >&2
    exit 1
fi
if ! said=$("$python" -c 'import filelock, numpy, requests, tqdm' 2>&1); then
    echo "download.sh: $python: ${said##*Error: }; first run: $python -m pip install -r requirements.txt" >&2
    exit 1
fi
exec "$python" -m neural_style.download "$@"
