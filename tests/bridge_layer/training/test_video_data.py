"""What clips are learned from: the layouts of data, the cache, the shares, and one clear line for what is wrong."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from accelerate import PartialState

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.capture.formats.realestate10k import CameraPath, write_realestate10k
from mvcustom.tests.host.embedded import make_cameras
from mvcustom.training.video.cache import Cache, Encoders, split_held_out
from mvcustom.training.video.decoding import Cut, read_frames
from mvcustom.training.video.sources import Entry, find_entries
from mvcustom.training.video.stage import NoisyClips
from mvcustom.training.video.widening import Widening

CUT = Cut(size=64, frames=3, stride=2, most=5)
DENSE = (Scope(None),) * 4


def write_video(path: Path, frames: int = 14, size: tuple[int, int] = (96, 64)) -> None:
    """Frame i is a flat grey of 10 (i + 2)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *size, "yuv420p", 4_000_000
        for index in range(frames):
            picture = np.full((size[1], size[0], 3), 10 * (index + 2), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_set(folder: Path, count: int) -> Path:
    for index in range(count):
        if index == 0:
            write_video(folder / "00.mp4")
        else:
            shutil.copyfile(folder / "00.mp4", folder / f"{index:02d}.mp4")
        (folder / f"{index:02d}.txt").write_text(f"caption {index}\n")
    return folder


class Counter:
    """Encoders that count their calls: latents are the means of 8x8 pixels, a text is its length."""

    def __init__(self) -> None:
        self.videos = 0

    def make(self, digest: str = "0") -> Encoders:
        return Encoders(self.encode_frames, lambda text: torch.full((2, 3), float(len(text))), digest)

    def encode_frames(self, frames: torch.Tensor) -> torch.Tensor:
        self.videos += 1
        return torch.nn.functional.avg_pool2d(frames, 8)[:, [0, 1, 2, 0]]


@pytest.fixture
def alone() -> PartialState:
    return PartialState(cpu=True)


def test_a_video_gives_every_second_frame_of_its_middle_square(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4")
    frames = read_frames(Entry("video", "a", "", tmp_path / "a.mp4", 0, (tmp_path / "a.mp4").stat().st_size), CUT)["frames"]
    assert frames.shape == (CUT.most, 3, 64, 64)
    wanted = torch.tensor([20.0, 40, 60, 80, 100]) / 255
    torch.testing.assert_close(frames.mean((1, 2, 3)), wanted, rtol=0, atol=0.02)


def test_a_folder_a_list_and_a_tar_of_the_same_videos_give_the_same_clips(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "videos", 2)
    (tmp_path / "list.csv").write_text("path,caption\nvideos/00.mp4,caption 0\nvideos/01.mp4,caption 1\n")
    (tmp_path / "webvid.csv").write_text("videoid,page_dir,name\n00,videos,caption 0\n01,videos,caption 1\n")
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    read = []
    for place in (folder, tmp_path / "list.csv", tmp_path / "webvid.csv", tmp_path / "shard.tar"):
        entries = find_entries([place], None)
        assert [entry.caption for entry in entries] == ["caption 0", "caption 1"]
        read.append(torch.stack([read_frames(entry, CUT)["frames"] for entry in entries]))
    assert all(torch.equal(each, read[0]) for each in read[1:])


def test_a_posed_sequence_gives_its_cameras_for_the_square(tmp_path: Path) -> None:
    cameras = make_cameras(views=4, size=96)
    write_realestate10k(tmp_path / "room.txt", CameraPath(cameras, "url", (0, 1, 2, 3)))
    for index in range(4):
        (tmp_path / "room").mkdir(exist_ok=True)
        with av.open(str(tmp_path / "room" / f"{index}.png"), "w") as container:
            stream = container.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 96, 96, "rgb24"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((96, 96, 3), 50, np.uint8), format="rgb24")))
    with pytest.raises(ValueError, match=r"wanted caption.txt in .*room, found none; write it, or give .* by --caption"):
        find_entries([tmp_path], None)
    (entry,) = find_entries([tmp_path], "a room")
    read = read_frames(entry, CUT)
    assert read["frames"].shape == (4, 3, 64, 64)
    torch.testing.assert_close(read["w2c"].float(), cameras.w2c.float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(read["K"].float(), cameras.resize(64, 64).K.float(), rtol=1e-4, atol=1e-3)


def test_the_cache_is_filled_once_and_again_where_something_changed(tmp_path: Path, alone: PartialState) -> None:
    entries, counter = find_entries([write_set(tmp_path / "videos", 3)], None), Counter()
    cache = Cache(tmp_path / "cache", CUT, counter.make())
    assert cache.fill(entries[:2], alone) == entries[:2] and counter.videos == 2
    cache.fill(entries, alone)
    assert counter.videos == 3
    cache.fill([replace(entries[0], caption="another")], alone)
    Cache(tmp_path / "cache", CUT, counter.make("1")).fill(entries[:1], alone)
    assert counter.videos == 5


def test_clips_begin_anywhere_and_keep_their_caption_or_lose_it(tmp_path: Path, alone: PartialState) -> None:
    entries = find_entries([write_set(tmp_path / "videos", 1)], None)
    cache = Cache(tmp_path / "cache", CUT, Counter().make())
    cache.fill(entries, alone)
    examples = NoisyClips(cache.open(entries), turn=True)
    drawn = [examples.draw(0, torch.Generator().manual_seed(seed)) for seed in range(60)]
    firsts = {round(float(example["latents"][[0, -1]].mean() * 255 / 10)) for example in drawn}
    assert firsts == {4, 6, 8}  # clips of 3 of 5 frames, whose greys are 2, 4, 6, 8, 10
    steps = [float((example["latents"][1] - example["latents"][0]).mean() * 255 / 10) for example in drawn]
    assert {round(step) for step in steps} == {2, -2}
    assert 1 <= sum(not example["context"].any() for example in drawn) <= 15
    assert all(example["context"].unique().tolist() in ([0.0], [float(len("caption 0"))]) for example in drawn)


def test_an_unreadable_video_is_listed_and_skipped(tmp_path: Path, alone: PartialState, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_set(tmp_path / "videos", 20)
    (folder / "03.mp4").write_bytes(b"no video at all")
    counter = Counter()
    cache = Cache(tmp_path / "cache", CUT, counter.make())
    entries = find_entries([folder], None)
    assert [entry.name for entry in cache.fill(entries, alone)] == [f"{index:02d}.mp4" for index in range(20) if index != 3]
    assert "1 of 20 entries cannot be read and are skipped" in caplog.text
    assert (tmp_path / "cache" / "unreadable.txt").read_text().startswith("03.mp4: ")
    cache.fill(entries, alone)
    assert counter.videos == 19


def test_more_than_a_twentieth_unreadable_stops_the_run(tmp_path: Path, alone: PartialState) -> None:
    folder = write_set(tmp_path / "videos", 2)
    write_video(folder / "00.mp4", frames=3)
    with pytest.raises(
        ValueError, match=r"at most 5% of the entries unreadable, got 1 of 2, first 00.mp4 \(wanted 3 frames at a stride of 2, got 2\)"
    ):
        Cache(tmp_path / "cache", CUT, Counter().make()).fill(find_entries([folder], None), alone)


def test_four_processes_fill_the_cache_without_overlap(tmp_path: Path) -> None:
    entries = find_entries([write_set(tmp_path / "videos", 7)], None)

    class Quarter:
        num_processes, is_main_process = 4, False

        def __init__(self, process: int) -> None:
            self.process_index = process

    counts = []
    for process in range(4):
        counter = Counter()
        Cache(tmp_path / "cache", CUT, counter.make()).fill(entries, Quarter(process))
        counts.append(counter.videos)
    assert sum(counts) == 7 and max(counts) - min(counts) <= 1


def test_the_same_entries_are_held_out_in_every_run() -> None:
    entries = [Entry("video", f"{index}.mp4", "", Path("x"), index, 1) for index in range(30)]
    learned, held_out = split_held_out(entries, 4)
    assert len(held_out) == 4 and not set(learned) & set(held_out) and set(learned) | set(held_out) == set(entries)
    assert set(split_held_out(entries[::-1], 4)[1]) == set(held_out)
    with pytest.raises(ValueError, match="--held-out: wanted fewer than the 3 entries that can be read, got 3"):
        split_held_out(entries[:3], 3)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda place: place.mkdir(), "wanted videos, a CSV, tars or posed sequences in .*data, found none"),
        (lambda place: None, "wanted a folder or file, got .*data, which does not exist"),
        (
            lambda place: write_video(place / "a.mp4"),
            "a caption beside every video, as NAME.txt, got 1 videos without one, first a.mp4",
        ),
        (lambda place: place.write_text("file,text\n"), "columns path and caption, or WebVid's .*, got file, text in data"),
    ],
)
def test_wrong_data_is_one_clear_line(tmp_path: Path, write, said: str) -> None:
    write(tmp_path / "data")
    with pytest.raises(ValueError, match=said) as raised:
        find_entries([tmp_path / "data"], None)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"nothing" * 200)
    with pytest.raises(ValueError, match="wanted a plain tar, got a.tar, which is none"):
        find_entries([tmp_path / "a.tar"], None)


def test_scopes_widen_by_the_list_and_never_beyond_the_preset() -> None:
    widening = Widening.from_text("0:1, 20:3, 60:5, 120:9, 200:dense", (Scope(9), *DENSE[1:]))
    assert widening.scopes_at(0) == widening.scopes_at(19) == (Scope(1),) * 4
    assert widening.scopes_at(20) == (Scope(3),) * 4 and widening.scopes_at(120) == (Scope(9),) * 4
    assert widening.scopes_at(200) == widening.scopes_at(10**6) == (Scope(9), *DENSE[1:])
    assert [update for update in range(300) if widening.changes_at(update)] == [20, 60, 120, 200]
    apart = Widening.from_text("0:1, 5:5/9/dense/dense", DENSE)
    assert apart.scopes_at(5) == (Scope(5), Scope(9), Scope(None), Scope(None))
    assert Widening.from_text(str(apart), DENSE) == apart


@pytest.mark.parametrize("text", ["", "3", "1:1", "0:1, 5:3, 5:9", "0:2", "0:1/3", "0:trajectory", "0:wide"])
def test_a_list_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        Widening.from_text(text, DENSE)
