"""A state with a right checksum and wrong content is found out when it is read, and the one before it taken."""

import io
import json
import shutil
import time
import zipfile

import numpy as np
import pytest

from neural_style.errors import InputError
from neural_style.painting.descent import Best, Event, State
from neural_style.painting.levels import Level
from neural_style.runs import state
from neural_style.runs.record import Record

LEVELS = [Level((6, 8), 3), Level((12, 16), 5)]

LATEST = [{"total": 3.0, "style": 1.0, "change": np.inf}, {"total": 2.5, "style": 0.9, "change": 0.01}]


def picture(size, seed=0):
    return np.random.default_rng(seed).normal(size=(1, 3, *size)).astype(np.float32)


def saved(name="adam", **changes):
    image = picture((12, 16))
    arrays = {
        "adam": {"steps": np.array(5), "mean": image, "square": image**2},
        "nag": {"steps": np.array(5), "velocity": image},
        "lbfgs": {
            "radius": np.array(1.0), "loss": np.array(2.0), "image": image, "gradient": image,
            "step_0": image, "difference_0": image,
        },
    }[name]  # fmt: skip
    fields = {"image": image, "epoch": 5, "level": 1, "level_epoch": 2, "latest": LATEST, "optimizer": arrays}
    now = State(**{**fields, "best": Best(4, 2.5, image + 1), "average": image, **changes})
    event = Event(now.epoch, now.shown, {"total": 2.5, "content": 1.0}, 0.1, False, None, now)
    settings = {"optimizer": name, "max_num_epochs": 8, "stop_eps": 0.0}
    snapshots = [{"epoch": 2, "file": "e_2.jpg", "seconds": 1.0, "total": None}]
    record = Record(rows=[[1, "0.1", 16, "2.5"]], snapshots=snapshots)
    return state.Saved(event, LEVELS, settings, record)


def altered(path, change, arrays=None):
    """Change the header and the arrays of a state; checksums are made anew."""
    with zipfile.ZipFile(path) as archive:
        members = {name[:-4]: np.load(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    header = json.loads(members["header"].tobytes())
    change(header)
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    members.update(arrays or {})
    np.savez(path, **{name: array for name, array in members.items() if array is not None})


@pytest.mark.parametrize("optimizer", ["adam", "nag", "lbfgs"])
def test_what_was_saved_is_read_back(tmp_path, optimizer):
    state.save(tmp_path, saved(optimizer))
    found, notice = state.load(tmp_path)
    now, then = found.event.state, saved(optimizer).event.state
    assert notice is None and found.levels == LEVELS and found.settings == saved(optimizer).settings
    assert np.array_equal(now.image, then.image) and np.array_equal(now.best.image, then.best.image)
    assert now.optimizer.keys() == then.optimizer.keys()
    assert all(np.array_equal(now.optimizer[name], array) for name, array in then.optimizer.items())
    assert (now.epoch, now.level, now.level_epoch, now.latest) == (5, 1, 2, LATEST)
    assert found.record.rows == saved().record.rows and found.record.snapshots == saved().record.snapshots
    found.event.state.image[:] = 0  # an optimizer may write to it


NAN = np.full((1, 3, 12, 16), np.nan, np.float32)
SMALL = picture((6, 8))
HEADERS = {
    "no levels": lambda h: h.update(levels=[]),
    "levels of nothing": lambda h: h.update(levels=[[[0, 8], 3], [[12, 16], 5]]),
    "levels of half an epoch": lambda h: h.update(levels=[[[6, 8], 3], [[12, 16], 5.5]]),
    "level 9": lambda h: h["state"].update(level=9),
    "level -1": lambda h: h["state"].update(level=-1),
    "epoch 10**6": lambda h: h["state"].update(epoch=10**6),
    "epoch 10**6 of a level": lambda h: h["state"].update(level_epoch=10**6),
    "epoch 0": lambda h: h["state"].update(epoch=0),
    "epoch as text": lambda h: h["state"].update(epoch="5"),
    "unknown status": lambda h: h["event"].__setitem__(3, "sleeping"),
    "status of a run that goes on": lambda h: h["event"].__setitem__(3, "running"),
    "finished at the first level": lambda h: (h["state"].update(level=0, level_epoch=2, epoch=2),
                                              h["event"].__setitem__(3, "finished")),
    "no losses": lambda h: h["event"].__setitem__(0, {}),
    "losses as text": lambda h: h["event"].__setitem__(0, {"total": "much"}),
    "no change": lambda h: h["event"].__setitem__(1, None),
    "failed by half": lambda h: h["event"].__setitem__(2, 0.5),
    "missing key": lambda h: h["state"].pop("epoch"),
    "unknown key": lambda h: h["state"].update(more=1),
    "negative step": lambda h: h["state"].update(step_scale=-1),
    "failures": lambda h: h["state"].update(failures=-1),
    "too many latest epochs": lambda h: h["state"].update(latest=LATEST * 9),
    "a latest epoch of half": lambda h: h["state"].update(latest=[{"total": 1.0, "style": 1.0}]),
    "a latest epoch as text": lambda h: h["state"].update(latest=[{"total": "1", "style": 1.0, "change": 1.0}]),
    "best of no loss": lambda h: h.update(best=[4, None]),
    "best to come": lambda h: h.update(best=[7, 2.5]),
    "no settings": lambda h: h.update(settings={}),
    "settings as a list": lambda h: h.update(settings=[]),
    "unknown optimizer": lambda h: h["settings"].update(optimizer="sgd"),
    "other optimizer": lambda h: h["settings"].update(optimizer="nag"),
    "epochs as text": lambda h: h["settings"].update(max_num_epochs="8"),
    "no record": lambda h: h.update(record={"rows": 5}),
    "record with more": lambda h: h["record"].update(began=1),
    "rows of nothing": lambda h: h["record"].update(rows=[[]]),
    "snapshots as text": lambda h: h["record"].update(snapshots=["e_2.jpg"]),
    "seconds": lambda h: h["record"].update(seconds="long"),
    "another format": lambda h: h.update(format=99),
}  # fmt: skip
ARRAYS = {
    "NaN picture": {"image": NAN},
    "picture of another size": {"image": SMALL},
    "picture of two dimensions": {"image": picture((12, 16))[0, 0]},
    "picture of whole numbers": {"image": np.ones((1, 3, 12, 16), np.int64)},
    "no picture": {"image": None},
    "NaN best": {"best": NAN},
    "best of another size": {"best": SMALL},
    "mean of another size": {"average": SMALL},
    "noise of another size": {"noise": SMALL},
    "NaN noise": {"noise": NAN},
    "more arrays": {"more": SMALL},
    "optimizer of another size": {"optimizer/mean": SMALL},
    "NaN in the optimizer": {"optimizer/mean": NAN},
    "optimizer by half": {"optimizer/mean": None},
    "steps as a picture": {"optimizer/steps": SMALL},
}  # fmt: skip


@pytest.mark.parametrize("name", [*HEADERS, *ARRAYS])
def test_wrong_content_is_found_out_and_the_earlier_state_taken(tmp_path, name):
    state.save(tmp_path, saved(epoch=4, level_epoch=1))
    state.save(tmp_path, saved())
    altered(tmp_path / state.NEWEST, HEADERS.get(name, lambda header: None), ARRAYS.get(name))
    found, notice = state.load(tmp_path)
    assert found.file == state.EARLIER and found.event.epoch == 4
    assert "state.npz is damaged (" in notice and "going on from state-1.npz, epoch 4" in notice
    (tmp_path / state.EARLIER).unlink()
    with pytest.raises(InputError, match=r"state.npz is damaged \(.+\), and there is no intact one"):
        state.load(tmp_path)


def test_what_is_not_written_of_a_picture_is_saved_and_read_back(tmp_path):
    state.save(tmp_path, saved(noise=picture((12, 16), seed=3)))
    assert np.array_equal(state.load(tmp_path)[0].event.state.noise, picture((12, 16), seed=3))


def test_sizes_may_be_those_of_the_level_before_at_its_end(tmp_path):
    coarse = picture((6, 8))
    now = saved(image=coarse, average=None, best=None, optimizer={}, epoch=3, level=1, level_epoch=0)
    state.save(tmp_path, now)
    assert np.array_equal(state.load(tmp_path)[0].event.image, coarse)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path):
    with zipfile.ZipFile(tmp_path / state.NEWEST, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(200 << 20))
    began = time.process_time()
    with pytest.raises(InputError, match="declares more than it holds"):
        state.load(tmp_path)
    assert state.files(tmp_path / state.NEWEST) == {}
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("shape", [(10**6, 10**6), (10**12,), (-1, 4), (3, 3)])
def test_an_array_is_as_large_as_its_data(tmp_path, shape):
    state.save(tmp_path, saved())
    with zipfile.ZipFile(tmp_path / state.NEWEST) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    members["image.npy"] = stream.getvalue() + bytes(64)
    with zipfile.ZipFile(tmp_path / state.NEWEST, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="damaged"):
        state.load(tmp_path)


def test_a_state_says_which_files_its_run_has_written(tmp_path):
    now = saved()
    now.record.files.update({"content.jpg": "0" * 64, "e_4.jpg": None})
    state.save(tmp_path, now)
    assert state.files(tmp_path / state.NEWEST) == {
        "content.jpg": "0" * 64, "e_4.jpg": None, state.NEWEST: None, state.EARLIER: None,
    }  # fmt: skip


def test_a_state_is_unfinished_until_its_run_has_ended(tmp_path):
    assert not state.is_unfinished(tmp_path)
    state.save(tmp_path, saved())
    assert state.is_unfinished(tmp_path)
    now = saved(epoch=8, level_epoch=5)
    state.save(tmp_path, now._replace(event=now.event._replace(status="finished")))
    assert not state.is_unfinished(tmp_path)
    shutil.copy(tmp_path / state.EARLIER, tmp_path / state.NEWEST)
    assert state.is_unfinished(tmp_path)
