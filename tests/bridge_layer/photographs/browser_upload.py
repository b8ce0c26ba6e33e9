"""Requests as the browser sends them, to the pack's addresses on a server of their own, and small files to send."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from mvcustom.nodes.bridge.photographs.routes import HOME, add_routes

T = TypeVar("T")
Files = Mapping[str, bytes]


def make_picture(shade: int = 90, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 40, 120)).save(stream, kind)
    return stream.getvalue()


def with_client(ask: Callable[[TestClient], Awaitable[T]]) -> T:
    """What `ask` gives, which gets a client of a server that has the pack's addresses, and ComfyUI's limit for whole bodies."""

    async def run() -> T:
        application, routes = web.Application(client_max_size=100 << 20), web.RouteTableDef()
        add_routes(routes)
        application.add_routes(routes)
        async with TestClient(TestServer(application)) as client:
            return await ask(client)

    return asyncio.run(run())


def fill_form(folder: str, files: Files, replace: bool = False, sizes: Mapping[str, int] | None = None) -> FormData:
    """The body of an upload; `sizes` are announced in place of the true ones."""
    form = FormData(quote_fields=False)  # percent signs stay, as in browsers
    announced = [{"path": path, "size": (sizes or {}).get(path, len(content))} for path, content in files.items()]
    form.add_field("list", json.dumps({"folder": folder, "files": announced, "replace": replace}))
    for path, content in files.items():
        form.add_field("file", content, filename=quote(path, safe="", errors="surrogatepass"), content_type="application/octet-stream")
    return form


def send(folder: str, files: Files, replace: bool = False, sizes: Mapping[str, int] | None = None) -> tuple[int, dict[str, Any]]:
    """Status and answer of one upload."""

    async def ask(client: TestClient) -> tuple[int, dict[str, Any]]:
        answer = await client.post(HOME, data=fill_form(folder, files, replace, sizes))
        return answer.status, await answer.json()

    return with_client(ask)


def plan(folder: str, sizes: Mapping[str, int]) -> tuple[int, dict[str, Any]]:
    """Status and answer of the question what would become of files."""

    async def ask(client: TestClient) -> tuple[int, dict[str, Any]]:
        answer = await client.post(
            f"{HOME}/plan", json={"folder": folder, "files": [{"path": path, "size": sizes[path]} for path in sizes]}
        )
        return answer.status, await answer.json()

    return with_client(ask)


def call(method: str, address: str = "", /, **query: str) -> tuple[int, Any]:
    """Status and answer of a request without a body: JSON, or the bytes of a picture."""

    async def ask(client: TestClient) -> tuple[int, Any]:
        answer = await client.request(method, HOME + address, params=query)
        return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.read())

    return with_client(ask)
