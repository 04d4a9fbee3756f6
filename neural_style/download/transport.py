"""One address to one file, over the real internet: bounded in time, tried again where that can help, resumed.

What has come so far stands at the given path, with `<path>.json` beside it: the address, the length announced, and the
validator (ETag or date) by which a server can tell whether its file is still the one that was begun. Whether the
content is right is for the caller to check: the answers may have been pieces of different files.
"""
import json
import queue
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from ..files import write_text

LENGTH = re.compile("[0-9]{1,15}")
LIMIT = 10**9  # bytes: more than any of the files, where the length is not known


class Unfit(Exception):
    """A source that will not do: the next one is to be tried."""


class Broken(Exception):
    """A fault that may pass: the same source is to be tried again."""


@dataclass
class Client:
    """How patient to be with servers, in seconds, and what was learned of them on the way."""

    connect: float = 5
    answer: float = 12  # until an answer has begun, name look-up included
    stall: float = 10  # without a byte
    slowest: float = 1000  # bytes per second, on average over three times `stall`
    tries: int = 3  # in a row that bring next to nothing
    pause: float = 1  # before the second try, doubled before each further one
    session: requests.Session = field(default_factory=requests.Session)
    silent: set = field(default_factory=set)  # hosts that did not answer: not asked again


def download(url, path, client, size=0):
    """Bring what stands at `url` to the file `path`, going on where an earlier try or run stopped.

    Parameters
    ----------
    url : str
    path : Path
        Its name is shown beside the progress bar.
    client : Client
    size : int, optional
        The length in bytes, where it is known beforehand.

    Returns
    -------
    bool
        True if the file was pieced together from more than one answer.

    Raises
    ------
    Unfit
        If the server cannot be reached, does not have the file, or breaks off too often. What came so far is kept.
    OSError
        If `path` cannot be written.
    """
    try:
        host = urlsplit(url).netloc
    except ValueError as error:
        raise Unfit(f"no address ({error})") from None
    if host in client.silent:
        raise Unfit("its host has not answered before")
    tries, most = 0, length(path)
    while True:
        try:
            return _go_on(url, path, client, size)
        except Broken as fault:
            tries = 0 if length(path) > most + 1e6 else tries + 1
            most = max(most, length(path))
            if tries >= client.tries:
                if isinstance(fault.__cause__, (requests.ReadTimeout, ReadTimeoutError)):
                    client.silent.add(host)
                raise Unfit(f"{fault}, {tries} times in a row") from None
            time.sleep(client.pause * 2 ** max(tries - 1, 0))


def discard(path):
    """Forget a download that was begun at `path`."""
    path.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)


def length(path):
    """Return the bytes in the file `path`, 0 if there is none."""
    return path.stat().st_size if path.is_file() else 0


def shown(place):
    """Return an address or path fit to be printed and recorded: without name, password and query, which may sign it."""
    if isinstance(place, Path):
        return str(place)
    try:
        parts = urlsplit(place)
    except ValueError:
        return "an address that is none"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _go_on(url, path, client, size):
    """Ask once for the rest of `url`, or for all of it where nothing usable has come yet."""
    note = _begun(path, url)
    start = length(path) if note else 0
    if start and start == note["total"]:
        return True
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if note["validator"]:
            headers["If-Range"] = note["validator"]
    with _ask(url, headers, client) as answer:
        total = _accept(answer, path, start, note)
        chunk = _read(answer, client)
        if answer.status_code == 200:
            start = 0
            if chunk.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<head")):
                raise Unfit("sent a web page instead of the file")
            if size and total and total != size:
                raise Unfit(f"has a file of {total} bytes where {size} were expected")
            note = {"url": shown(url), "total": total, "validator": _validator(answer)}
            write_text(_note(path), json.dumps(note))
        expected = total or size
        got = _write(answer, chunk, path, start, expected, client)
    if got > (expected or LIMIT):
        discard(path)
        raise Unfit(f"sent more than {expected or LIMIT} bytes")
    if got < expected:
        raise Broken(f"broke off after {got} of {expected} bytes")
    return start > 0


def _ask(url, headers, client):
    """GET `url`. It waits in a thread of its own, because a name look-up that hangs cannot be interrupted."""
    answers = queue.SimpleQueue()

    def get():
        try:
            answers.put(client.session.get(url, headers=headers, stream=True, timeout=(client.connect, client.stall)))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=get, daemon=True).start()
    try:
        answer = answers.get(timeout=client.answer)
    except queue.Empty:
        answer = requests.ConnectTimeout(f"no answer for {client.answer:g} s")
    if isinstance(answer, requests.Response):
        return answer
    if isinstance(answer, requests.exceptions.SSLError):
        raise Unfit(f"no secure connection ({_words(answer)})")
    if isinstance(answer, requests.ReadTimeout):
        raise Broken(f"no answer for {client.stall:g} s") from answer
    unreachable = isinstance(answer, (requests.ConnectTimeout, requests.exceptions.ProxyError))
    if unreachable or isinstance(_reason(answer), NewConnectionError):
        client.silent.add(urlsplit(url).netloc)
        raise Unfit(f"cannot be reached ({_words(answer)})")
    if isinstance(answer, requests.ConnectionError):
        raise Broken(f"the connection broke ({_words(answer)})")
    raise Unfit(_words(answer))


def _accept(answer, path, start, note):
    """Return the length of the whole file, 0 if not told, if the answer is one to go on with."""
    status = answer.status_code
    if status == 200:
        announced = answer.headers.get("Content-Length", "")
        return int(announced) if LENGTH.fullmatch(announced) else 0
    if status == 206 and start:
        told = re.fullmatch(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})", answer.headers.get("Content-Range", ""))
        if told and int(told[1]) == start and note["total"] in (0, int(told[2])) and (
            _validator(answer) in (None, note["validator"])
        ):
            return int(told[2])
    if status in (206, 416):
        discard(path)
        raise Broken("does not have the part that was asked for")
    said = f"answered {status} {answer.reason or ''}".rstrip()
    raise Broken(said) if status >= 500 or status in (408, 429) else Unfit(said)


def _write(answer, chunk, path, start, expected, client):
    """Append the answer's body to the file as it comes; return the length that it then has, or would have."""
    got, mark, since = start, start, time.monotonic()
    bar = tqdm(desc=path.name.strip(".").replace(".part", ""), total=expected or None, initial=start,
               unit="B", unit_scale=True, disable=None)
    with path.open("ab" if start else "wb") as file, bar:
        while chunk:
            got += len(chunk)
            if got > (expected or LIMIT):
                break
            file.write(chunk)
            bar.update(len(chunk))
            elapsed = time.monotonic() - since
            if elapsed > 3 * client.stall:
                if got - mark < client.slowest * elapsed:
                    raise Broken(f"slower than {client.slowest:g} bytes per second")
                mark, since = got, time.monotonic()
            chunk = _read(answer, client)
    return got


def _read(answer, client):
    try:
        return answer.raw.read1(1 << 16, decode_content=False)
    except ReadTimeoutError as error:
        raise Broken(f"no byte for {client.stall:g} s") from error
    except HTTPError as error:
        raise Broken(f"the connection broke ({error})") from None


def _begun(path, url):
    """Return the note of a download of `url` that was begun at `path`; {} if there is none to go on with."""
    try:
        note = json.loads(_note(path).read_text(encoding="utf-8"))
        usable = note["url"] == shown(url) and isinstance(note["total"], int) and "validator" in note
        return note if usable else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _note(path):
    return path.with_name(path.name + ".json")


def _validator(answer):
    # a weak ETag does not promise the same bytes
    tag = answer.headers.get("ETag", "W/")
    return answer.headers.get("Last-Modified") if tag.startswith("W/") else tag


def _reason(error):
    return getattr(error.args[0] if error.args else error, "reason", error)


def _words(error):
    """The gist of an error of requests: without the connection object that urllib3 puts in front."""
    return re.sub(r"^(<.*?>|\w+\(.*?\)): ", "", str(_reason(error)))[:200] or type(error).__name__
