"""Photographs sent by a browser: all arrive, or the input folder is as it was before, and the answer says what to do."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from comfy.cli_args import args

from mvcustom.nodes.bridge.photographs.routes import HOME
from mvcustom.nodes.bridge.photographs.upload import FORGOTTEN, STAGING, sweep_forgotten
from mvcustom.tests.bridge_layer.photographs.browser_upload import fill_form, make_picture, plan, send, with_client

GOOD = {"images/a.png": make_picture(), "transforms.json": b'{"frames": []}'}
HOSTILE = [
    "../a.png", "images/../../a.png", "/a.png", "a//b.png", "./a.png", "", ".hidden.png", "..\\a.png", "C:\\a.png", "C:a.png", "a\0.png",
    "a\n.png", "con.png", "images/NUL.png", "a.png ", "a.png.", "images./a.png", "~/../a.png", "x" * 300 + ".png", "a/" * 20 + "a.png",
    "\ud800.png", "a<b.png", "a|b.png",
]  # fmt: skip


def list_tree(place: Path) -> dict[str, bytes | None]:
    return {str(file.relative_to(place)): file.read_bytes() if file.is_file() else None for file in place.rglob("*")}


def test_files_of_all_kinds_arrive_in_their_folders(home: Path) -> None:
    files = {
        "images/été 1.jpg": make_picture(kind="JPEG"),
        "images/b.WEBP": make_picture(kind="WEBP"),
        "masks/b.png": make_picture(),
        "transforms.json": b'{"frames": []}',
        "path.txt": b"https://video\n0 1 1",
        "sparse/0/cameras.bin": b"\0" * 8,
        "frame_annotations.jgz": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    }
    assert send("my cup/seen", files) == (200, {"folder": "my cup/seen", "stored": list(files)})
    stored = {name: content for name, content in list_tree(home / "my cup" / "seen").items() if content is not None}
    assert stored == files
    assert os.listdir(home) == ["my cup"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_of_files_are_refused(home: Path, name: str) -> None:
    status, answer = send("cup", {"a.png": make_picture(), name: make_picture()})
    assert status == 400 and answer["error"].endswith("nothing was stored")
    assert list_tree(home.parent) == {"input": None}


@pytest.mark.parametrize("name", [*HOSTILE, ".", "..", "cup/.."], ids=ascii)
def test_hostile_names_of_folders_are_refused(home: Path, name: str) -> None:
    status, answer = send(name.removesuffix(".png") if name.endswith("..png") else name, GOOD)
    assert status == 400 and "folder: wanted a" in answer["error"]
    assert list_tree(home.parent) == {"input": None}


def test_links_do_not_lead_out_of_the_input_folder(home: Path) -> None:
    outside = home.parent / "outside"
    outside.mkdir()
    (home / "link").symlink_to(outside)
    (home / "cup").mkdir()
    (home / "cup" / "images").symlink_to(outside)
    assert send("link", GOOD)[0] == send("cup", GOOD)[0] == 403
    assert not list_tree(outside)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.exe", b"MZ"),
        ("page.html", b"<script>"),
        ("points3D.bin", b"0"),
        ("a.png", b"<script>alert(1)</script>"),
        ("transforms.json", b"{"),
        ("path.txt", b"\x89PNG\0"),
        ("frame_annotations.jgz", b"not gzip"),
        ("frame_annotations.jgz", b"\x1f\x8b\x08"),
        ("a.jpg", b""),
    ],
)
def test_files_of_another_kind_are_refused(home: Path, name: str, content: bytes) -> None:
    status, answer = send("cup", {"b.png": make_picture(), name: content})
    assert status in (400, 415) and answer["error"].startswith(f"{name}: wanted ") and "nothing was stored" in answer["error"]
    assert not list_tree(home)


def test_file_that_exists_is_replaced_only_when_told_to(home: Path) -> None:
    send("cup", GOOD)
    before = list_tree(home)
    other = {"images/a.png": make_picture(200), "images/b.png": make_picture()}
    status, answer = send("cup", other)
    assert status == 409 and "images/a.png exists in cup" in answer["error"]
    assert list_tree(home) == before
    assert send("cup", other, replace=True)[0] == 200
    assert list_tree(home / "cup") == {"images": None, **GOOD, **other}


def test_plan_says_what_becomes_of_files(home: Path) -> None:
    send("cup", GOOD)
    sizes = {"images/a.png": 10, "images/b.png": 10, "images/B.png": 10, "clip.mp4": 10, ".DS_Store": 10, "big.png": 2 << 30}
    status, answer = plan("cup", sizes)
    assert status == 200 and answer["taken"] == ["images/a.png", "images/b.png"]
    assert answer["existing"] == ["images/a.png"] and answer["held"] == 2
    reasons = dict(answer["left_out"])
    assert list(reasons) == ["images/B.png", "clip.mp4", ".DS_Store", "big.png"]
    assert "wanted at most 100 MB, got 2048 MB" in reasons["big.png"] and "--max-upload-size 2049" in reasons["big.png"]
    assert not (home / "cup" / "images" / "b.png").exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b'{"folder": "cup"}', b'{"folder": "cup", "files": [1]}', b"[" * 100000])
def test_list_that_is_none_is_refused(body: bytes) -> None:
    async def ask(client: TestClient) -> tuple[int, str]:
        answer = await client.post(f"{HOME}/plan", data=body)
        return answer.status, (await answer.json())["error"]

    status, words = with_client(ask)
    assert status == 400 and "wanted a list of files" in words


def test_two_gigabytes_are_refused_by_their_declared_length(home: Path) -> None:
    """The head of the request alone is sent: the answer comes before the body."""

    async def ask(client: TestClient) -> str:
        head = f"POST {HOME} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {2 << 30}\r\n\r\n"
        return await talk(client, head.encode())

    answer = with_client(ask)
    assert answer.startswith("HTTP/1.1 413") and "wanted at most 2000 MB at once, got 2048 MB" in answer
    assert not list_tree(home)
    assert plan("cup", {f"{i}.png": 90 << 20 for i in range(23)})[0] == 413, "many files that are too large together"


async def talk(client: TestClient, sent: bytes) -> str:
    """The beginning of the answer to bytes."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(sent)
    try:
        return (await asyncio.wait_for(reader.read(1 << 16), 10)).decode()
    finally:
        writer.close()


def test_file_larger_than_announced_is_not_stored(home: Path) -> None:
    for size in (10, 10**6):
        status, answer = send("cup", GOOD, sizes={"images/a.png": size})
        assert status == 400 and f"wanted {size} bytes as announced" in answer["error"]
        assert not list_tree(home)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_connection_lost_in_the_middle_leaves_nothing(home: Path, share: float) -> None:
    pictures = {f"{i}.png": make_picture(i) * 2000 for i in range(3)}  # a PNG may have bytes after its end

    async def ask(client: TestClient) -> None:
        head, body = await read_body(fill_form("cup", pictures))
        _, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(head + body[: int(share * len(body))])
        await writer.drain()
        await wait_until(lambda: any(home.iterdir()))
        assert [place.name.startswith(STAGING) for place in home.iterdir()] == [True], "it is being collected"
        writer.transport.abort()
        await wait_until(lambda: not any(home.iterdir()))

    with_client(ask)
    assert not list_tree(home)


class _Collector:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        self.parts.append(bytes(chunk))


async def read_body(form: FormData) -> tuple[bytes, bytes]:
    """Head and body of the request that sends a form."""
    payload, collector = form(), _Collector()
    await payload.write(collector)
    body = b"".join(collector.parts)
    head = f"POST {HOME} HTTP/1.1\r\nHost: x\r\nContent-Type: {payload.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode(), body


async def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def test_body_that_ends_early_leaves_nothing(home: Path) -> None:
    """Whole for HTTP, but without its last parts: as a proxy may pass it on."""

    async def ask(client: TestClient) -> str:
        head, body = await read_body(fill_form("cup", GOOD))
        lost = 150
        return await talk(client, head.replace(str(len(body)).encode(), str(len(body) - lost).encode()) + body[:-lost])

    answer = with_client(ask)
    assert answer.startswith("HTTP/1.1 400") and "nothing was stored" in answer
    assert not list_tree(home)


def test_full_disk_leaves_nothing(home: Path) -> None:
    """The system refuses the bytes beyond a limit, as a full disk does."""
    pictures = {"a.png": make_picture(), "b.png": make_picture() * 2000}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, limits[1]))
        status, answer = send("cup", pictures)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert status == 507 and "is full; make room there; nothing was stored" in answer["error"]
    assert not list_tree(home)


def test_disk_without_room_is_noticed_before_the_files_are_sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(args, "max_upload_size", 1e12)
    status, answer = plan("cup", {"a.png": 1 << 58})
    assert status == 507 and "make room there" in answer["error"]


def test_failure_while_moving_brings_the_old_files_back(home: Path) -> None:
    """The second file's folder is a file."""
    send("cup", {"a.png": make_picture(1)})
    (home / "cup" / "images").write_bytes(b"a file in the way")
    before = list_tree(home)
    status, answer = send("cup", {"new/c.png": make_picture(), "a.png": make_picture(9), "images/a.png": make_picture()}, replace=True)
    assert status == 500 and "nothing was stored" in answer["error"]
    assert list_tree(home) == before


def test_what_a_stopped_server_left_is_swept(home: Path) -> None:
    old, new = home / f"{STAGING}old", home / f"{STAGING}new"
    for room in (old, new):
        room.mkdir()
        (room / "0.png").touch()
    os.utime(old, (0, os.stat(new).st_mtime - FORGOTTEN - 10))
    sweep_forgotten()
    assert not old.exists() and new.exists()
