"""The pages in a real browser, opened from file://: what a person sees, and does by mouse, finger and keyboard."""
import io
import json
import shlex
import shutil
import subprocess
import sys
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from clips import pan, write
from PIL import Image
from test_film_page import film_folder
from test_report import CONTENT, FINAL, HOSTILE, ROOT, STYLE, change_record, make_run, snapshot_colour

from neural_style.report.command import main
from neural_style.report.page import write_comparison, write_gallery, write_page
from neural_style.runs import options

webdriver = pytest.importorskip("selenium.webdriver", reason="needs a browser test driver: pip install selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Chromium and its driver: apt-get install chromium chromium-driver"
)
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking",
        "disable-component-update", "disable-sync", f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """A browser whose page must neither log anything nor ask for anything but files."""
    device(chromium, DESKTOP)
    requested(chromium)
    chromium.get_log("browser")
    chromium.asked = []
    yield chromium
    chromium.asked += requested(chromium)
    assert {urlsplit(url).scheme for url in chromium.asked} <= {"file", "data"}
    assert chromium.get_log("browser") == []
    chromium.get("about:blank")


def device(driver, metrics):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": metrics["mobile"], "maxTouchPoints": 2})


def requested(driver):
    """The URLs asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


def visit(driver, page):
    driver.get(page.as_uri())


def find(driver, name):
    return driver.find_element(By.ID, name)


def source(driver, side):
    return find(driver, f"{side}-picture").get_dom_attribute("src")


def act(driver):
    return ActionChains(driver, duration=30)


def press(driver, *keys):
    act(driver).send_keys(*keys).perform()


def drag(driver, across, down, start=(0, 0)):
    """Drag from `start`, pixels from the middle of the stage."""
    held = act(driver).move_to_element_with_offset(find(driver, "stage"), *start).click_and_hold()
    held.move_by_offset(across, down).release().perform()


def boxes(driver):
    """Left, top, width and height of the zoomed pictures in fractions of their frames."""
    return np.array(driver.execute_script("""
        return [...document.querySelectorAll(".stage .frame")].map(frame => {
          const outer = frame.getBoundingClientRect(), inner = frame.firstElementChild.getBoundingClientRect();
          return [(inner.left - outer.left) / outer.width, (inner.top - outer.top) / outer.height,
                  inner.width / outer.width, inner.height / outer.height];
        });
    """))


def colour_at(driver, across, down):
    """The colour seen on the stage, at fractions of its width and height."""
    time.sleep(0.1)
    picture = Image.open(io.BytesIO(find(driver, "stage").screenshot_as_png)).convert("RGB")
    return np.array(picture.getpixel((int(across * picture.width), int(down * picture.height))))


def same(seen, colour):
    return np.abs(seen - np.array(colour)).max() <= 6


def wait(driver, condition):
    WebDriverWait(driver, 10, poll_frequency=0.1).until(lambda driver: condition())


@pytest.fixture
def opened(browser, tmp_path):
    """The page of a run of four snapshots."""
    visit(browser, write_page(make_run(tmp_path / "run")))
    return browser


def test_the_page_of_a_real_run_opens_and_its_pictures_are_seen(browser, tmp_path):
    pytest.importorskip("mxnet")
    mx = pytest.importorskip("neural_style.engines.mxnet.library").mx
    from neural_style.networks import layers, squeezenet

    mx.random.seed(0)
    arrays = {}
    for name, shape in layers.convolutions(squeezenet.SQUEEZENET).items():
        arrays[f"arg:{name}_weight"] = mx.nd.random.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        arrays[f"arg:{name}_bias"] = mx.nd.zeros(shape[0])
    mx.nd.save(str(tmp_path / "squeezenet.params"), arrays)
    for name in ("content", "style"):
        noise = np.random.default_rng(len(name)).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((96, 72)).save(tmp_path / f"{name}.png")
    command = [sys.executable, ROOT / "nstyle.py", "--model", "squeezenet", "--weights", "squeezenet.params",
               "--gpu", "-1", "--content-image", "content.png", "--style-image", "style.png", "--max-long-edge", "64",
               "--max-num-epochs", "8", "--save-epochs", "2", "--stop-eps", "0", "--output-dir", "out"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert main([str(tmp_path / "out")]) == 0
    visit(browser, tmp_path / "out" / "index.html")
    assert browser.title == "content in the style of style"
    assert find(browser, "scrubber").get_attribute("max") == "4"
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart circle")) == 5
    assert browser.execute_script("""
        return [...document.images].every(image => image.closest("[hidden]") || image.naturalWidth > 0 && image.alt);
    """)


def test_scrubbing_shows_the_snapshots(opened):
    find(opened, "scrubber").send_keys(Keys.HOME)
    assert source(opened, "right") == "e_10.jpg"
    assert same(colour_at(opened, 0.75, 0.2), snapshot_colour(10))
    assert find(opened, "caption").text == "Epoch 10 · 5 s · total 5.01e8"
    find(opened, "scrubber").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert source(opened, "right") == "e_30.jpg"
    opened.find_elements(By.CSS_SELECTOR, "#strip button")[1].click()
    assert source(opened, "right") == "e_20.jpg"
    assert find(opened, "scrubber").get_attribute("value") == "1"
    find(opened, "scrubber").send_keys(Keys.HOME)
    find(opened, "play").click()
    wait(opened, lambda: source(opened, "right") == "final.jpg" and find(opened, "play").text == "Play")


def test_any_two_pictures_are_compared_left_and_right_of_a_seam(opened):
    assert same(colour_at(opened, 0.75, 0.2), FINAL)
    assert same(colour_at(opened, 0.25, 0.2), np.add(CONTENT, 40))
    Select(find(opened, "left")).select_by_visible_text("Style")
    Select(find(opened, "right")).select_by_visible_text("Epoch 20")
    assert same(colour_at(opened, 0.75, 0.2), snapshot_colour(20))
    assert same(colour_at(opened, 0.4, 0.2), np.add(STYLE, 40))
    # by its handle
    width = find(opened, "stage").size["width"]
    drag(opened, width * 0.3, 0)
    assert same(colour_at(opened, 0.6, 0.2), STYLE)
    assert same(colour_at(opened, 0.9, 0.2), snapshot_colour(20))
    # anywhere else
    drag(opened, -width * 0.2, 0, start=(0, -100))
    assert float(find(opened, "split").get_attribute("value")) == pytest.approx(30, abs=1)
    # by keyboard
    find(opened, "split").send_keys(Keys.END)
    assert same(colour_at(opened, 0.6, 0.2), STYLE)


def test_both_sides_are_zoomed_and_moved_together(opened):
    assert np.allclose(boxes(opened), [[0, 0, 1, 1]] * 2, atol=0.01)
    stage = find(opened, "stage")
    act(opened).scroll_from_origin(ScrollOrigin.from_element(stage, 100, 50), 0, -500).perform()
    zoomed = boxes(opened)
    assert zoomed[0, 2] == pytest.approx(np.e, rel=0.02)
    assert np.allclose(zoomed[0], zoomed[1])
    # what was under the pointer stays under it
    width, height = stage.size["width"], stage.size["height"]
    at = np.array([0.5 + 100 / width, 0.5 + 50 / height])
    assert np.allclose((at - zoomed[0, :2]) / zoomed[0, 2:], at, atol=0.01)
    drag(opened, 60, 40, start=(0, -100))
    assert np.allclose(boxes(opened) - zoomed, [[60 / width, 40 / height, 0, 0]] * 2, atol=0.01)
    assert find(opened, "split").get_attribute("value") == "50"
    # a picture cannot be lost
    for _ in range(4):
        drag(opened, 500, 300, start=(-200, -100))
    assert np.allclose(boxes(opened)[:, :2], 0, atol=0.01)
    find(opened, "zoom-fit").click()
    assert np.allclose(boxes(opened), [[0, 0, 1, 1]] * 2, atol=0.01)


def test_turning_the_wheel_down_over_a_whole_picture_scrolls_the_page(opened):
    before = opened.execute_script("return scrollY")
    act(opened).scroll_from_origin(ScrollOrigin.from_element(find(opened, "stage")), 0, 300).perform()
    wait(opened, lambda: opened.execute_script("return scrollY") > before)
    assert boxes(opened)[0, 2] == pytest.approx(1)


def test_clicking_a_mark_on_the_curves_shows_its_picture(opened):
    marks = opened.find_elements(By.CSS_SELECTOR, "#chart circle")
    assert marks[3].rect["x"] > 0.9 * find(opened, "chart").size["width"]
    act(opened).click(marks[1]).perform()
    assert source(opened, "right") == "e_20.jpg"
    opened.find_element(By.CSS_SELECTOR, "[value=seconds]").click()
    act(opened).click(opened.find_elements(By.CSS_SELECTOR, "#chart circle")[2]).perform()
    assert source(opened, "right") == "e_30.jpg"


def test_hovering_over_the_curves_reads_the_losses_and_shows_the_picture(opened):
    figures = opened.find_elements(By.CSS_SELECTOR, "#sums span")
    assert figures[0].text == "2.01e8"
    act(opened).move_to_element(opened.find_elements(By.CSS_SELECTOR, "#chart circle")[0]).perform()
    assert [figure.text for figure in figures] == ["5.01e8", "9.99e7", "4.00e8", "1.00e6"]
    assert find(opened, "preview").is_displayed()
    assert "e_10.jpg" in find(opened, "preview").find_element(By.TAG_NAME, "img").get_attribute("src")
    act(opened).move_to_element(find(opened, "stage")).perform()
    assert figures[0].text == "2.01e8"
    assert not find(opened, "preview").is_displayed()


def test_single_curves_can_be_shown_and_hidden(opened):
    def curves():
        return len(opened.find_elements(By.CSS_SELECTOR, "#chart .line"))

    assert curves() == 4
    opened.find_elements(By.CSS_SELECTOR, "#sums input")[1].click()
    assert curves() == 3
    opened.find_element(By.TAG_NAME, "summary").click()
    opened.find_elements(By.CSS_SELECTOR, "#layers input")[0].click()
    assert curves() == 4
    opened.refresh()
    assert curves() == 4
    for box in opened.find_elements(By.CSS_SELECTOR, "#sums input:checked"):
        box.click()
    assert curves() == 1


def test_everything_can_be_done_with_the_keyboard(opened):
    press(opened, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert source(opened, "right") == "e_30.jpg"
    press(opened, Keys.HOME)
    assert source(opened, "right") == "e_10.jpg"
    press(opened, "++")
    assert boxes(opened)[0, 2] == pytest.approx(2.25)
    press(opened, "-0")
    assert boxes(opened)[0, 2] == 1
    reached = []
    for _ in range(30):
        press(opened, Keys.TAB)
        reached.append(opened.execute_script("""
            const at = document.activeElement, style = getComputedStyle(at);
            const seen = style.outlineStyle !== "none" || at.id === "split"; // its handle has the outline
            if (at !== document.body && !seen) return `no outline: ${at.id}`;
            return at.id || at.name || at.closest("fieldset")?.id || at.tagName;
        """))
    assert not [name for name in reached if name.startswith("no outline")]
    for name in ("left", "zoom-in", "right", "split", "play", "scrubber", "show total", "axis", "SUMMARY", "copy", "A"):
        assert name in reached


def test_a_viewer_finds_his_choice_again_after_a_reload(opened):
    Select(find(opened, "left")).select_by_visible_text("Epoch 10")
    Select(find(opened, "right")).select_by_visible_text("Epoch 30")
    find(opened, "split").send_keys(Keys.PAGE_UP)
    find(opened, "zoom-in").click()
    before, split = boxes(opened), find(opened, "split").get_attribute("value")
    opened.refresh()
    assert (source(opened, "left"), source(opened, "right")) == ("e_10.jpg", "e_30.jpg")
    assert find(opened, "split").get_attribute("value") == split
    assert np.allclose(boxes(opened), before)


def test_keys_play_change_the_left_picture_and_explain_themselves(opened):
    press(opened, Keys.HOME, "s")
    assert (source(opened, "left"), source(opened, "right")) == ("style.jpg", "e_10.jpg")
    press(opened, "C")
    assert source(opened, "left") == "content.jpg"
    press(opened, Keys.SPACE)
    wait(opened, lambda: find(opened, "play").text == "Pause")
    wait(opened, lambda: source(opened, "right") == "final.jpg" and find(opened, "play").text == "Play")
    press(opened, "?")
    assert "full screen" in find(opened, "help").text
    press(opened, Keys.HOME, Keys.SPACE)  # of a page behind a dialog nothing moves; Space is for its button
    assert source(opened, "right") == "final.jpg" and not find(opened, "help").is_displayed()


def test_f_fills_the_screen_with_the_whole_picture(opened):
    press(opened, "f")
    wait(opened, lambda: opened.execute_script("return document.fullscreenElement?.id") == "screen")
    box, play = find(opened, "stage").rect, find(opened, "play").rect
    assert box["height"] > 0.8 * opened.execute_script("return innerHeight") or box["width"] > 0.9 * DESKTOP["width"]
    assert box["width"] / box["height"] == pytest.approx(96 / 64, rel=0.01)
    assert play["y"] + play["height"] <= opened.execute_script("return innerHeight")
    press(opened, "f")
    wait(opened, lambda: not opened.execute_script("return !!document.fullscreenElement"))


def test_space_on_a_button_and_letters_in_a_menu_stay_theirs(opened):
    find(opened, "zoom-in").send_keys(Keys.SPACE)
    assert boxes(opened)[0, 2] == pytest.approx(1.5)
    assert find(opened, "play").text == "Play"


def test_any_picture_can_be_saved(opened):
    for key, file in ((Keys.HOME, "e_10.jpg"), (Keys.ARROW_RIGHT, "e_20.jpg"), (Keys.END, "final.jpg")):
        press(opened, key)
        link = find(opened, "download")
        assert link.get_dom_attribute("href") == file and link.get_dom_attribute("download") is not None


@pytest.fixture
def gallery(browser, tmp_path):
    """The gallery of three runs: b with style weight 20 is the newest."""
    for day, (name, weight) in enumerate((("a", 1.0), ("c", 5.0), ("b", 20.0)), 1):
        settings = {"style_weight": weight, "tv_weight": 0.01}
        make_run(tmp_path / name, snapshots=1, started=f"2025-01-0{day}T00:00:00", settings=settings)
        write_page(tmp_path / name)
    visit(browser, write_gallery(tmp_path))
    return browser


def cards(driver):
    found = driver.find_elements(By.CSS_SELECTOR, ".card")
    return [card.find_element(By.TAG_NAME, "h2").text for card in found if card.is_displayed()]


def test_the_gallery_is_searched_by_setting_and_leads_to_the_pages(gallery):
    assert cards(gallery) == ["b", "c", "a"]
    find(gallery, "search").send_keys("Style-Weight 20")
    assert cards(gallery) == ["b"] and find(gallery, "count").text == "1 of 3"
    find(gallery, "search").clear()
    find(gallery, "search").send_keys("tv-weight 0.01, style-weight 5")
    assert cards(gallery) == ["c"]
    gallery.find_elements(By.CSS_SELECTOR, ".card a")[1].click()
    assert gallery.current_url.endswith("/c/index.html") and find(gallery, "scrubber").is_displayed()


def starred_after_reloading(driver):
    # a browser stores a moment later, in another process: a reload at once may still read what was there before
    driver.refresh()
    return driver.find_elements(By.CSS_SELECTOR, ".star[aria-pressed=true]")


def test_stars_of_the_gallery_are_kept_by_the_browser(gallery):
    gallery.find_elements(By.CSS_SELECTOR, ".star")[2].click()
    WebDriverWait(gallery, 20).until(starred_after_reloading)
    find(gallery, "starred").click()
    assert cards(gallery) == ["a"]
    gallery.find_elements(By.CSS_SELECTOR, ".star")[2].click()
    assert cards(gallery) == []
    gallery.execute_script("localStorage.clear()")


def test_runs_of_the_gallery_are_chosen_for_a_look_side_by_side(gallery):
    boxes_ = gallery.find_elements(By.CSS_SELECTOR, ".choose")
    boxes_[0].click()
    assert not find(gallery, "compared").is_displayed()
    boxes_[2].click()
    images = gallery.find_elements(By.CSS_SELECTOR, "#stage img")
    assert [image.get_dom_attribute("src") for image in images] == ["b/final.jpg", "a/final.jpg"]
    assert find(gallery, "differing").text.splitlines() == ["b a", "--style-weight 20.0 1.0"]
    press(gallery, "+")
    assert boxes(gallery)[:, 2] == pytest.approx([1.5, 1.5])
    find(gallery, "search").send_keys("0-")  # text, not keys of the zoom
    assert find(gallery, "search").get_property("value") == "0-"
    assert boxes(gallery)[:, 2] == pytest.approx([1.5, 1.5])
    find(gallery, "none").click()
    assert not find(gallery, "compared").is_displayed() and not boxes_[0].is_selected()


def test_the_gallery_fits_a_phone(gallery):
    device(gallery, PHONE)
    for box in gallery.find_elements(By.CSS_SELECTOR, ".choose"):
        gallery.execute_script("arguments[0].click()", box)
    assert find(gallery, "compared").is_displayed()
    assert gallery.execute_script("return document.documentElement.scrollWidth") <= 390


def test_the_command_is_copied_or_selected(opened):
    find(opened, "copy").click()
    wait(opened, lambda: find(opened, "copied").text)
    assert opened.execute_script("return getSelection().toString()") == (
        "python nstyle.py --content-image 'input/my photo.jpg'"
    )


def test_the_page_of_a_run_in_progress_takes_up_what_is_new_and_keeps_the_view(browser, tmp_path):
    folder = tmp_path / "a run #1?"
    visit(browser, write_page(make_run(folder, snapshots=2, status="running")))
    assert "20 epochs so far" in find(browser, "facts").text
    assert source(browser, "right") == "e_20.jpg"
    find(browser, "zoom-in").click()
    before = boxes(browser)
    # a viewer of the newest picture stays at the newest
    write_page(make_run(folder, snapshots=3, status="running"))
    wait(browser, lambda: "30 epochs so far" in find(browser, "facts").text)
    assert source(browser, "right") == "e_30.jpg"
    assert find(browser, "latest").find_element(By.TAG_NAME, "img").get_attribute("src").endswith("/e_30.jpg")
    # a viewer of another stays there
    Select(find(browser, "left")).select_by_visible_text("Epoch 20")
    Select(find(browser, "right")).select_by_visible_text("Epoch 10")
    write_page(make_run(folder, snapshots=4))
    wait(browser, lambda: "40 epochs · 20 s · finished" in find(browser, "facts").text)
    assert (source(browser, "left"), source(browser, "right")) == ("e_20.jpg", "e_10.jpg")
    assert find(browser, "scrubber").get_attribute("max") == "4"
    assert len(browser.find_elements(By.CSS_SELECTOR, "#strip button")) == 5
    assert np.allclose(boxes(browser), before)
    # the run has ended: the page looks no more
    browser.asked += requested(browser)
    time.sleep(2.5)
    assert not requested(browser)


def test_on_a_phone_nothing_sticks_out_and_fingers_work(browser, tmp_path):
    device(browser, PHONE)
    visit(browser, write_page(make_run(tmp_path / "run")))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", find(browser, "stage"))
    box = browser.execute_script("return document.getElementById('stage').getBoundingClientRect().toJSON()")

    def touch(kind, *points):
        at = [{"x": box["left"] + x * box["width"], "y": box["top"] + y * box["height"]} for x, y in points]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (0.3, 0.2))
    for x in (0.4, 0.5, 0.6, 0.7):
        touch("touchMove", (x, 0.2))
    touch("touchEnd")
    assert float(find(browser, "split").get_attribute("value")) == pytest.approx(70, abs=2)
    touch("touchStart", (0.4, 0.2))
    touch("touchStart", (0.4, 0.2), (0.6, 0.2))
    for apart in (0.15, 0.2, 0.25, 0.3):
        touch("touchMove", (0.5 - apart, 0.2), (0.5 + apart, 0.2))
    touch("touchEnd")
    zoomed = boxes(browser)
    assert zoomed[0, 2] == pytest.approx(3, rel=0.1)
    assert np.allclose(zoomed[0], zoomed[1])


def test_names_and_settings_with_any_characters_are_shown_and_break_nothing(browser, tmp_path):
    content = {"source": f"input/{HOSTILE}", "file": "content.jpg"}
    folder = tmp_path / "run \"1\" '2' #3? %41 é漢"
    make_run(folder, content=content, settings={"name": HOSTILE}, command=[HOSTILE])
    name = "e '\"<>&#?%41 é漢.jpg"
    (folder / "e_10.jpg").rename(folder / name)
    snapshots = json.loads((folder / "run.json").read_text())["snapshots"]
    change_record(folder, snapshots=[{**snapshots[0], "file": name}, *snapshots[1:]])
    visit(browser, write_page(folder))
    assert browser.find_element(By.CSS_SELECTOR, ".columns td").text == HOSTILE
    assert HOSTILE.split("/")[-1] in browser.find_element(By.CLASS_NAME, "sources").text
    press(browser, Keys.HOME)
    assert same(colour_at(browser, 0.75, 0.2), snapshot_colour(10))
    visit(browser, write_comparison([folder, make_run(tmp_path / "b")], tmp_path / "c.html"))
    press(browser, Keys.HOME)
    wait(browser, lambda: browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)"))
    browser.find_element(By.LINK_TEXT, str(folder)).click()
    assert "in the style of waves" in browser.title


def test_a_page_of_200_snapshots_opens_in_a_second_without_loading_them_all(browser, tmp_path):
    folder = make_run(tmp_path / "run", snapshots=200, every=5, size=(60, 40))
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((600, 400)).save(folder / "e_5.jpg", quality=95)
    for epoch in range(10, 1001, 5):
        shutil.copy(folder / "e_5.jpg", folder / f"e_{epoch}.jpg")
    page = write_page(folder)
    started = time.perf_counter()
    visit(browser, page)
    assert time.perf_counter() - started < 1
    browser.execute_script("document.getElementById('strip').scrollIntoView()")
    time.sleep(0.5)
    browser.asked += requested(browser)
    assert len(set(browser.asked)) < 60
    press(browser, Keys.HOME)
    wait(browser, lambda: browser.execute_script("return document.querySelector('#strip img').naturalWidth") == 600)


def test_runs_are_compared_at_the_same_epoch(browser, tmp_path):
    folders = [make_run(tmp_path / "a"), make_run(tmp_path / "b", snapshots=3, every=20, size=(64, 64))]
    visit(browser, write_comparison(folders, tmp_path / "c.html"))

    def shown():
        images = browser.find_elements(By.CSS_SELECTOR, "#stage img")
        return [image.get_dom_attribute("src") for image in images]

    assert shown() == ["a/final.jpg", "b/final.jpg"]
    press(browser, Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert find(browser, "caption").text == "Epoch 30"
    assert shown() == ["a/e_30.jpg", "b/e_20.jpg"]
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart .line")) == 2
    browser.find_element(By.CSS_SELECTOR, "#keys input").click()
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart .line")) == 1
    Select(find(browser, "loss")).select_by_visible_text("style:relu1_1")
    assert browser.find_elements(By.CSS_SELECTOR, "#keys span")[1].text == "2.00e8"
    second = browser.find_elements(By.CSS_SELECTOR, "#stage .frame")[1]
    act(browser).scroll_from_origin(ScrollOrigin.from_element(second), 0, -500).perform()
    zoomed = boxes(browser)
    act(browser).move_to_element(second).click_and_hold().move_by_offset(-20, 0).release().perform()
    moved = boxes(browser)
    assert zoomed[0, 2] == pytest.approx(np.e, rel=0.02)
    assert np.allclose(moved - zoomed, [[-20 / second.size["width"], 0, 0, 0]] * 2, atol=0.01)
    device(browser, PHONE)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


def test_the_picture_of_the_page_for_the_readme_is_made_where_it_is_told(tmp_path, capsys):
    from docs import make_page

    assert make_page.main(["--run", str(make_run(tmp_path / "run")), "--output", str(tmp_path / "page.png")]) == 0
    picture = np.asarray(Image.open(tmp_path / "page.png")).astype(int)
    assert picture.shape[1] == 900 and picture.shape[0] > 1000
    for colour in (CONTENT, STYLE, FINAL):
        assert (np.abs(picture - colour).max(axis=2) <= 6).sum() > 5000
    said = capsys.readouterr().out
    assert str(tmp_path / "page.png") in said and "commit" in said


@pytest.fixture
def again(browser, tmp_path):
    """The page of a run whose command has every form of an option; its folder is tmp_path/run."""
    settings = {"style_weight": 1.0, "style_image": ["it's.jpg", "b_c.jpg"], "normalize_losses": False, "seed": 3,
                "output_dir": str(tmp_path / "run"), "strength": None, "max_num_epochs": 40}  # fmt: skip
    line = "python nstyle.py --style_weight=1 --style-image \"it's.jpg\" b_c.jpg --resume --seed 3 --max-num 40"
    command = shlex.split(line)
    visit(browser, write_page(make_run(tmp_path / "run", settings=settings, command=command)))
    return browser


def asked_for(driver):
    """The settings of the command that the panel shows, as a shell and nstyle read it."""
    words = shlex.split(find(driver, "again-command").text)
    assert words[:2] == ["python", "nstyle.py"]
    return options.parse(words[2:])


def type_into(driver, name, text):
    label = next(label for label in driver.find_elements(By.CSS_SELECTOR, "#changes label") if name in label.text)
    field = label.find_element(By.TAG_NAME, "input")
    field.clear()
    field.send_keys(text)
    return field


def test_the_panel_writes_the_command_of_the_same_run_with_other_settings(again, tmp_path):
    plain = asked_for(again)
    assert (plain.style_image, plain.style_weight, plain.seed) == (["it's.jpg", "b_c.jpg"], 1.0, 3)
    assert plain.output_dir == f"{tmp_path / 'run'}_2" and not plain.resume  # which would go on with the run shown
    type_into(again, "--style-weight", "7")
    type_into(again, "--max-num-epochs", "80")
    changed = asked_for(again)
    assert (changed.style_weight, changed.max_num_epochs, changed.seed) == (7.0, 80, 3)
    marked = [mark.text for mark in again.find_elements(By.CSS_SELECTOR, "#again-command mark")]
    assert marked[:2] == ["--style-weight 7", "--max-num-epochs 80"]


def test_every_other_setting_can_be_changed_and_left_to_itself_again(again):
    for name in ("--normalize-losses", "--seed", "--strength", "--style-image"):
        Select(find(again, "another")).select_by_visible_text(name)
    assert again.switch_to.active_element.get_property("value") == """'it'"'"'s.jpg' b_c.jpg"""
    again.find_element(By.CSS_SELECTOR, "#changes [type=checkbox]").click()
    type_into(again, "--strength", "0.5cs0?")  # letters, not keys of the page
    assert not find(again, "help").is_displayed() and source(again, "left") == "content.jpg"
    type_into(again, "--strength", "0.5")
    type_into(again, "--seed", " ")
    changed = asked_for(again)
    assert (changed.normalize_losses, changed.strength, changed.seed) == (True, 0.5, 0)


def test_a_run_of_hundreds_of_large_snapshots_stays_quick(browser, tmp_path):
    """Of 300 snapshots with thumbnails a page asks for few, and for full pictures only where the viewer rests."""
    folder = make_run(tmp_path / "run", snapshots=1)
    names = [f"e_{epoch}.jpg" for epoch in range(1, 301)]
    for name in names:
        if name != "e_10.jpg":
            (folder / name).symlink_to("e_10.jpg")
        (folder / f"small_{name}").symlink_to("style.jpg")
    change_record(folder, snapshots=[
        {"epoch": number, "file": name, "seconds": number, "total": 1e8} for number, name in enumerate(names, 1)
    ])  # fmt: skip
    visit(browser, write_page(folder))
    wait(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    started = time.monotonic()
    press(browser, Keys.HOME, *[Keys.ARROW_RIGHT] * 30)
    wait(browser, lambda: source(browser, "right") == "e_31.jpg")
    assert time.monotonic() - started < 20
    browser.asked += requested(browser)
    full = {urlsplit(url).path.rsplit("/", 1)[1] for url in browser.asked} & set(names)
    thumbnails = [url for url in browser.asked if "small_e_" in url]
    assert "e_31.jpg" in full and len(full) <= 10 and 20 <= len(thumbnails) < 200


def test_curves_differ_by_more_than_their_colours(opened):
    opened.find_element(By.TAG_NAME, "summary").click()
    for box in opened.find_elements(By.CSS_SELECTOR, "#sums input:not(:checked), #layers input:not(:checked)"):
        box.click()
    lines = opened.find_elements(By.CSS_SELECTOR, "#chart .line")
    assert len({line.get_dom_attribute("stroke-dasharray") for line in lines}) == len(lines) > 4


AXE = next((path for folder in (ROOT, *ROOT.parents)
            if (path := folder / "node_modules" / "axe-core" / "axe.min.js").is_file()), None)  # fmt: skip


@pytest.mark.skipif(AXE is None, reason="needs axe-core: npm install axe-core")
@pytest.mark.parametrize("metrics", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser, tmp_path, metrics, theme):
    runs = [make_run(tmp_path / name) for name in ("a", "b")]
    pages = [write_page(runs[0]), write_comparison(runs, tmp_path / "comparison.html"), write_gallery(tmp_path)]
    device(browser, metrics)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    for page in pages:
        visit(browser, page)
        for part in browser.find_elements(By.TAG_NAME, "details"):
            browser.execute_script("arguments[0].open = true", part)
        for box in browser.find_elements(By.CSS_SELECTOR, ".choose"):
            browser.execute_script("arguments[0].click()", box)
        browser.execute_script(AXE.read_text(encoding="utf-8"))
        found = browser.execute_async_script("axe.run(document).then(arguments[0])")
        assert [(it["id"], it["nodes"][0]["html"]) for it in found["violations"]] == []


def test_a_film_that_the_browser_cannot_play_is_said(browser, tmp_path):
    folder = film_folder(tmp_path)
    for name in ("content.mp4", "final.mp4"):
        (folder / name).write_bytes(b"no film" * 1000)
    visit(browser, write_page(folder))
    wait(browser, lambda: find(browser, "unplayable").is_displayed())


def test_original_and_result_of_a_film_keep_step(browser, tmp_path):
    folder = film_folder(tmp_path)
    for name in ("content.mp4", "final.mp4"):
        write(folder / name, pan(3), 12.5, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    visit(browser, write_page(folder))
    films = [find(browser, name) for name in ("result", "original")]
    wait(browser, lambda: all(film.get_property("readyState") == 4 for film in films))
    assert find(browser, "caption").text == "frame 10, scene 1"
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    wait(browser, lambda: find(browser, "caption").text == "frame 12, scene 2")
    assert [film.get_property("currentTime") for film in films] == [pytest.approx(2.5 / 12.5)] * 2
    press(browser, Keys.HOME, Keys.ARROW_RIGHT)
    wait(browser, lambda: "4.00e-4" in find(browser, "keys").text)
    find(browser, "play").click()
    wait(browser, lambda: films[0].get_property("ended"))
    assert find(browser, "play").text == "Play"
