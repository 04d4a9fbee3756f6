"""The server for one person: what it shows, to whom, and what it never gives away."""

import os
import threading

import pytest
import requests
from test_report import make_run

from neural_style.errors import InputError
from neural_style.report import served, server
from neural_style.report.command import main
from neural_style.report.page import write_page


@pytest.fixture
def folder(tmp_path):
    return make_run(tmp_path / "a run")


@pytest.fixture
def address(folder):
    """The address of the served folder of a run."""
    write_page(folder)
    with served.served(folder) as address:
        yield address


@pytest.fixture
def person(address):
    """Who has opened the whole address once."""
    with requests.Session() as session:
        assert session.get(str(address)).status_code == 200
        yield session


def url(address, path):
    return f"http://localhost:{address.port}{path}"


def test_who_opens_the_address_sees_the_page_and_its_pictures(folder, address, person):
    page = person.get(url(address, "/"))
    assert page.text == (folder / "index.html").read_text(encoding="utf-8") and "token" not in page.url
    for name, kind in (("e_10.jpg", "image/jpeg"), ("losses.csv", "text/csv; charset=utf-8")):
        got = person.get(url(address, f"/{name}?x=1"))
        assert got.content == (folder / name).read_bytes() and got.headers["Content-Type"] == kind
    assert person.head(url(address, "/e_10.jpg")).headers["Content-Length"] == str((folder / "e_10.jpg").stat().st_size)


def test_what_has_not_changed_is_not_sent_again(folder, address, person):
    tag = person.get(url(address, "/index.html")).headers["ETag"]
    assert person.get(url(address, "/index.html"), headers={"If-None-Match": tag}).status_code == 304
    (folder / "index.html").write_text("new")
    assert person.get(url(address, "/index.html"), headers={"If-None-Match": tag}).text == "new"


@pytest.mark.parametrize(("asked", "part", "told"), [
    ("bytes=2-5", slice(2, 6), "bytes 2-5/1000"), ("bytes=990-", slice(990, None), "bytes 990-999/1000"),
    ("bytes=-3", slice(997, None), "bytes 997-999/1000"), ("bytes=0-99999", slice(None), "bytes 0-999/1000"),
])  # fmt: skip
def test_players_get_the_part_of_a_film_that_they_ask_for(folder, address, person, asked, part, told):
    film = os.urandom(1000)
    (folder / "final.mp4").write_bytes(film)
    whole = person.get(url(address, "/final.mp4"))
    assert whole.status_code == 200 and whole.content == film and whole.headers["Accept-Ranges"] == "bytes"
    got = person.get(url(address, "/final.mp4"), headers={"Range": asked})
    assert (got.status_code, got.content, got.headers["Content-Range"]) == (206, film[part], told)
    assert got.headers["Content-Type"] == "video/mp4"
    (folder / "final.mp4").write_bytes(film[:10])
    got = person.get(url(address, "/final.mp4"), headers={"Range": asked, "If-Range": whole.headers["ETag"]})
    assert (got.status_code, got.content) == (200, film[:10]), "of a film that has changed all of it"


@pytest.mark.parametrize(("asked", "status"), [
    ("bytes=1000-", 416), ("bytes=-0", 416), ("bytes=5-2", 200), ("bytes=-", 200), ("bytes=1-2,5-6", 200),
    ("lines=1-2", 200), ("bytes=" + "9" * 5000 + "-", 200),
])  # fmt: skip
def test_a_part_that_there_is_not_is_refused_and_one_that_is_not_understood_is_all(
    folder, address, person, asked, status
):
    (folder / "final.mp4").write_bytes(bytes(1000))
    got = person.get(url(address, "/final.mp4"), headers={"Range": asked})
    assert (got.status_code, len(got.content)) == (status, 1000 if status == 200 else 0)


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%C3%A4"])
def test_without_the_token_there_is_nothing(address, query):
    for path in ("/", "/index.html", "/run.json"):
        got = requests.get(url(address, path + query))
        assert got.status_code == 403 and "the whole address" in got.text and "Set-Cookie" not in got.headers


def test_a_cookie_of_somebody_else_opens_nothing(address):
    for value in ("", "x", "\"", address.token[:-1]):
        got = requests.get(url(address, "/"), headers={"Cookie": f"nstyle-{address.port}={value}; ;=,"})
        assert got.status_code == 403


def test_another_name_of_this_machine_is_somebody_elses_page(address):
    for host in ("evil.example", f"evil.example:{address.port}", "", "localhost.evil.example"):
        got = requests.get(str(address), headers={"Host": host})
        assert got.status_code == 403
    for host in ("localhost:9999", "127.0.0.1", "[::1]:80"):  # the other end of `ssh -L` may have another port
        assert requests.get(str(address), headers={"Host": host}, allow_redirects=False).status_code == 303


def test_the_token_leads_to_no_other_server(address):
    got = requests.get(f"http://localhost:{address.port}//evil.example/?token={address.token}", allow_redirects=False)
    assert got.headers["Location"] == "/evil.example/"
    assert "HttpOnly" in got.headers["Set-Cookie"] and "SameSite=Lax" in got.headers["Set-Cookie"]


@pytest.fixture
def treasure(folder):
    """Files that nobody may see, and ways to them."""
    outside = folder.parent / "secret.json"
    outside.write_text("treasure")
    (folder / ".hidden.json").write_text("treasure")
    (folder / ".nstyle.lock").write_text("treasure")
    (folder / "state.npz").write_text("treasure")
    (folder / "key").write_text("treasure")
    (folder / "link.json").symlink_to(outside)
    (folder / "up").symlink_to(folder.parent)
    (folder / "circle.json").symlink_to(folder / "circle.json")
    os.mkfifo(folder / "pipe.json")
    return folder


@pytest.mark.skipif(os.name != "posix", reason="makes links and a pipe")
@pytest.mark.parametrize("path", [
    "/../secret.json", "/%2e%2e/secret.json", "/x/../../secret.json", "/..%2fsecret.json", "/..%5csecret.json",
    "//secret.json", "/.hidden.json", "/.nstyle.lock", "/state.npz", "/key", "/link.json", "/up/secret.json",
    "/circle.json", "/pipe.json", "/e_10.jpg%00.json", "/C:/secret.json", "/" + "a" * 5000 + ".json", "/%ff.json",
    "/e_10.jpg/", "/index.html/..", "/.", "/%2e",
])  # fmt: skip
def test_nothing_else_is_given_away(treasure, address, person, path):
    request = requests.Request("GET", url(address, "/")).prepare()
    request.url = url(address, path)  # as it is, not made harmless
    request.headers["Cookie"] = f"nstyle-{address.port}={address.token}"
    got = person.send(request, timeout=10)
    assert "treasure" not in got.text
    assert got.status_code == (200 if path == "/e_10.jpg/" else 404)


def test_other_methods_do_nothing(address, person):
    assert person.post(url(address, "/index.html"), data=b"x").status_code == 501


def test_a_folder_of_runs_shows_its_gallery_and_one_without_waits(tmp_path):
    with served.served(tmp_path / "later") as address, requests.Session() as session:
        waiting = session.get(str(address))
        assert "Waiting for the first picture" in waiting.text and 'http-equiv="refresh"' in waiting.text
        write_page(make_run(tmp_path / "later" / "one"))
        assert 'href="one/index.html"' in session.get(url(address, "/")).text
        assert session.get(url(address, "/one/index.html")).status_code == 200
        assert not (tmp_path / "later" / "gallery.html").exists()


def test_a_port_that_is_taken_is_one_line_and_without_a_number_the_next_is_free(folder):
    with served.served(folder) as first, served.served(folder) as second:
        assert first.port >= server.FIRST_PORT and second.port > first.port
        with pytest.raises(InputError, match=f"--serve {first.port}: cannot listen there"), \
             served.served(folder, first.port):
            pass


def test_it_listens_on_this_machine_only_and_stops_at_the_end(folder):
    with served.served(folder) as address:
        assert server.HOST == "127.0.0.1" and threading.active_count() > 1
    with pytest.raises(requests.ConnectionError):
        requests.get(str(address))


def test_the_command_says_the_address_and_the_line_for_another_machine(folder, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(served, "stay", lambda: seen.append(True))
    assert main([str(folder), "--serve"]) == 0 and seen
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Served at http://localhost:") and "token=" in told[0]
    port = told[0].split(":")[2].split("/")[0]
    assert f"ssh -L {port}:localhost:{port} " in told[1]
    assert main([str(folder / "nowhere"), "--serve"]) == 2 and "no such folder" in capsys.readouterr().err
