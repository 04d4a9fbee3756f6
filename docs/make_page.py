"""Makes docs/page.jpg, the page of a run as a browser shows it: `python -m docs.make_page`.

Paints the stand-in pair with SqueezeNet, whose weights must be installed, and photographs the page with Chromium.
Prints the line that belongs below the picture.
"""

import argparse
import base64
import io
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import nstyle
from neural_style.download import standins
from neural_style.report.page import write_page

OPTIONS = ["--gpu", "-1", "--model", "squeezenet", "--max-num-epochs", "150", "--snapshot-at", "1,5,15,30,45,60"]
WIDTH, HEIGHT = 900, 520  # of the window: its height bounds the pictures, so that the curves come into view


def main(arglist=None):
    """Paint, open the page, and save what is seen from its title to its curves."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_page", description=__doc__.split("\n\n")[0])
    parser.add_argument("--run", metavar="OUT", help="the output directory of a run; by default it paints")
    parser.add_argument("--output", metavar="FILE", default=Path(__file__).parent / "page.jpg", help="docs/page.jpg")
    args = parser.parse_args(arglist)
    with tempfile.TemporaryDirectory() as folder:
        picture = seen(write_page(args.run or painted(Path(folder))), folder)
    picture.save(args.output, quality=85)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    command = f"`python nstyle.py {' '.join(OPTIONS)}`" if not args.run else args.run
    print(f"{args.output}: {command}; {processor()}, commit {commit}")
    return 0


def painted(folder):
    """Paint the stand-in pair; returns the output directory."""
    photograph, painting = standins.write(folder)
    files = ["--content-image", str(photograph), "--style-image", str(painting), "--output-dir", str(folder / "output")]
    nstyle.train_nstyle(nstyle.get_args([*OPTIONS, *files]))
    return folder / "output"


def seen(page, profile):
    """The page from its top to the end of its curves, as Chromium draws it."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={profile}/profile"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        window = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
        browser.get(page.resolve().as_uri())
        browser.execute_async_script("""
            for (const image of document.images) image.loading = "eager";
            Promise.allSettled([...document.images].map(image => image.decode())).then(() => arguments[0]());
        """)
        bottom = browser.execute_script("return document.getElementById('losses').getBoundingClientRect().bottom")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": round(bottom) + 24, "scale": 1}
        asked = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        data = browser.execute_cdp_cmd("Page.captureScreenshot", asked)["data"]
    finally:
        browser.quit()
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def processor():
    """The processor's own name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
