"""A served painter: a page, a picture in and a picture out; whoever has no token, or sends no picture, gets none."""

import http.client
import io
import threading
from contextlib import contextmanager

import numpy as np
import plain_generator as plain
import pytest
from conftest import made_picture
from PIL import Image

from neural_style.painters import painter
from neural_style.painters.generators import OWN
from neural_style.painters.rows import shapes
from neural_style.report import served
from neural_style.runs import command, open_studio


@pytest.fixture
def studio(folder, monkeypatch):
    """The command, served until the end of the test; its port and cookie."""
    parts = [painter.Part(OWN, plain.random_arrays(shapes(OWN)))]
    painter.write("p.safetensors", parts, {"painting": "Night & day"})
    found, ended, told = {}, threading.Event(), threading.Event()
    original = open_studio.server.listening

    @contextmanager
    def listening(*arguments, **given):
        with original(*arguments, **given) as address:
            found.update(port=address.port, token=address.token)
            told.set()
            yield address

    monkeypatch.setattr(open_studio.server, "listening", listening)
    monkeypatch.setattr(served, "stay", ended.wait)
    words = ["--gpu", "-1", "--painter", "p.safetensors", "--serve", "0", "--max-long-edge", "48", "--no-progress"]
    run = threading.Thread(target=lambda: found.update(status=command.main(words)))
    run.start()
    assert told.wait(60)
    yield found
    ended.set()
    run.join(30)
    assert found["status"] == 0


def ask(studio, method, path, body=None, cookie=True, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", studio["port"], timeout=60)
    if cookie:
        headers["Cookie"] = f"nstyle-{studio['port']}={studio['token']}"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def png(height, width):
    file = io.BytesIO()
    Image.fromarray(made_picture(height, width, 1)).save(file, "PNG")
    return file.getvalue()


def test_a_picture_in_and_a_picture_out(studio):
    status, page = ask(studio, "GET", "/")
    assert status == 200 and b"After Night &amp; day" in page
    status, body = ask(studio, "POST", "/paint", png(60, 80))
    assert status == 200
    painted = Image.open(io.BytesIO(body))
    assert painted.format == "JPEG" and painted.size == (48, 36)
    status, kept = ask(studio, "POST", "/paint?strength=0&edge=80", png(60, 80))
    kept = Image.open(io.BytesIO(kept))
    assert kept.size == (80, 60)
    assert np.abs(np.asarray(kept, int) - made_picture(60, 80, 1)).mean() < 3
    difference = np.asarray(painted, int) - np.asarray(kept.resize((48, 36)), int)
    assert np.abs(difference).mean() > 10


def test_what_is_no_picture_is_said_and_the_next_one_is_repainted(studio):
    for body, said in ((b"GIF89a" * 9, "the picture: "), (b"", "bytes is wanted"), (png(10, 10), "10 x 10 pixels")):
        status, answer = ask(studio, "POST", "/paint", body)
        assert status == 400 and said in answer.decode() and "/tmp" not in answer.decode()
    for query in ("edge=1", "edge=99999", "edge=x", "strength=2", "strength=nan"):
        assert ask(studio, "POST", f"/paint?{query}", png(40, 40))[0] == 400
    assert ask(studio, "POST", "/paint", png(40, 40))[0] == 200


def test_who_has_no_token_sends_too_much_or_asks_for_else_gets_nothing(studio):
    assert ask(studio, "POST", "/paint", png(40, 40), cookie=False)[0] == 403
    assert ask(studio, "POST", "/paint", png(40, 40), Host="example.org")[0] == 403
    assert ask(studio, "POST", "/other", png(40, 40))[0] == 404 and ask(studio, "GET", "/p.safetensors")[0] == 404
    connection = http.client.HTTPConnection("127.0.0.1", studio["port"], timeout=60)
    connection.putrequest("POST", "/paint")
    connection.putheader("Cookie", f"nstyle-{studio['port']}={studio['token']}")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 400


def test_one_picture_at_a_time(studio, monkeypatch):
    monkeypatch.setattr(open_studio, "PATIENCE", 0.05)
    going, go_on = threading.Event(), threading.Event()
    original = open_studio._repainted

    def slow(*arguments):
        going.set()
        assert go_on.wait(30)
        return original(*arguments)

    monkeypatch.setattr(open_studio, "_repainted", slow)
    answers = []
    first = threading.Thread(target=lambda: answers.append(ask(studio, "POST", "/paint", png(40, 40))[0]))
    first.start()
    assert going.wait(30)
    status, said = ask(studio, "POST", "/paint", png(40, 40))
    assert status == 503 and b"Another picture" in said
    go_on.set()
    first.join(30)
    assert answers == [200]
