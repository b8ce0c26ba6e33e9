"""The addresses through which the browser reaches photographs in ComfyUI's input folder.

ComfyUI's own address for uploads takes any file, gives another name to one that exists, and leaves half of one where the disk is full.
These addresses check names, kinds and sizes, store all files of an upload or none, and replace nothing without being told to.
"""

from __future__ import annotations

import asyncio
import errno
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from aiohttp import BodyPartReader, MultipartReader, web

from .input_folder import describe_folder, list_subfolders, make_thumbnail, remove_photograph
from .input_names import MEGABYTE, Announced, Refusal
from .upload import NOTHING_STORED, Staging, check_announced, check_content, check_room, plan_upload, sweep_forgotten

HOME = "/mvcustom/photographs"
CHUNK = 1 << 18  # bytes
LARGEST_LIST = 4 * MEGABYTE  # of the names of files
TOO_LONG = f"photographs: wanted a list of at most {LARGEST_LIST // MEGABYTE} MB, got more; choose an inner folder"
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def register_routes() -> None:
    """Add the addresses to ComfyUI's server, where one runs in this process, and delete what a stopped server left."""
    module = sys.modules.get("server")  # ComfyUI imports it before the packs; without it nobody could ask
    instance = getattr(getattr(module, "PromptServer", None), "instance", None)
    if instance is not None:
        add_routes(instance.routes)
        sweep_forgotten()


def add_routes(routes: web.RouteTableDef) -> None:
    routes.get(HOME)(_in_words(_list))
    routes.get(f"{HOME}/thumbnail")(_in_words(_show))
    routes.post(f"{HOME}/plan")(_in_words(_plan))
    routes.post(HOME)(_in_words(_store))
    routes.delete(HOME)(_in_words(_remove))


def _in_words(handler: Handler) -> Handler:
    """Answer a refusal, and a disk that does not do as it should, with a sentence as JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return web.json_response({"error": str(refusal)}, status=refusal.status)
        except ConnectionError:
            raise
        except OSError as error:
            full = error.errno in DISK_FULL
            advice = "the disk of ComfyUI's input folder is full; make room there" if full else f"{error.strerror}: {error.filename}"
            return web.json_response({"error": f"photographs: {advice}; {NOTHING_STORED}"}, status=507 if full else 500)

    return handle


async def _list(request: web.Request) -> web.StreamResponse:
    """The subfolders, and with the query `folder` what is in that one."""
    folders = await asyncio.to_thread(list_subfolders)
    name = request.query.get("folder", "").strip()
    described = await asyncio.to_thread(describe_folder, name) if name else None
    return web.json_response({"folders": folders, "described": described})


async def _show(request: web.Request) -> web.StreamResponse:
    picture = await asyncio.to_thread(make_thumbnail, *_read_query(request))
    return web.Response(body=picture, content_type="image/jpeg", headers={"Cache-Control": "no-cache"})


async def _remove(request: web.Request) -> web.StreamResponse:
    await asyncio.to_thread(remove_photograph, *_read_query(request))
    return web.json_response({})


async def _plan(request: web.Request) -> web.StreamResponse:
    folder, files, _ = _read_list(await _read_text(request))
    return web.json_response(await asyncio.to_thread(plan_upload, folder, files))


async def _store(request: web.Request) -> web.StreamResponse:
    """Take an upload: first its list, then the files in the order of the list, each named by its path, percent-encoded."""
    check_room(request.content_length or 0)
    if not request.content_type.startswith("multipart/"):
        raise Refusal("photographs: wanted files as multipart/form-data, got another kind of request; update the page")
    try:
        parts = cast(MultipartReader, await request.multipart())
        first = await parts.next()
        if not isinstance(first, BodyPartReader) or first.name != "list":
            raise Refusal("photographs: wanted the list of files first, got none; update the page")
        folder, files, replace = _read_list(await _read_part(first))
        place = await asyncio.to_thread(check_announced, folder, files, replace)
        with Staging() as staging:
            for number, file in enumerate(files):
                await _receive(await parts.next(), staging.path(number, file.path), file)
            staging.settle(place, files, replace)  # without waiting, so that no other upload comes between
    except (ValueError, AssertionError, EOFError) as error:  # of a body that ends early or is no multipart
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"photographs: the upload broke off ({error}); {NOTHING_STORED}; send it again") from error
    return web.json_response({"folder": folder, "stored": [file.path for file in files]})


async def _receive(part: Any, target: Path, file: Announced) -> None:
    """Collect one file, of exactly the announced size."""
    if not isinstance(part, BodyPartReader) or unquote(part.filename or "") != file.path:
        raise Refusal(f"{file.path}: wanted this file next, got another or none; {NOTHING_STORED}; send it again")
    size = 0
    with target.open("wb") as stream:
        while chunk := await part.read_chunk(CHUNK):
            size += len(chunk)
            if size > file.size:
                break
            stream.write(chunk)
    if size != file.size:
        raise Refusal(f"{file.path}: wanted {file.size} bytes as announced, got {size}; {NOTHING_STORED}; send it again")
    await asyncio.to_thread(check_content, target, file.path)


async def _read_part(part: BodyPartReader) -> str:
    text = b""
    while chunk := await part.read_chunk(CHUNK):
        text += chunk
        if len(text) > LARGEST_LIST:
            raise Refusal(TOO_LONG, 413)
    return text.decode()


async def _read_text(request: web.Request) -> str:
    if (request.content_length or 0) > LARGEST_LIST:
        raise Refusal(TOO_LONG, 413)
    return await request.text()


def _read_list(text: str) -> tuple[str, list[Announced], bool]:
    """Folder, files, and whether they replace those that exist."""
    try:
        found = json.loads(text)
        files = [Announced(str(file["path"]), int(file["size"])) for file in found["files"]]
        return str(found["folder"]), files, found.get("replace") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal(
            "photographs: wanted a list of files with path and size, and a folder, got something else; update the page"
        ) from error


def _read_query(request: web.Request) -> tuple[str, str]:
    return request.query.get("folder", ""), request.query.get("path", "")
