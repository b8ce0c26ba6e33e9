"""Photographs that a user chooses or drops in the real user interface, in both renderers, and what is then in the server's folder."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.browser.chromium import ChromiumPage

SOLVE = "Photographs without one go through Solve Cameras"
PICTURES = Path(__file__).resolve().parents[2] / "output" / "browser"
SOLVE_WORKFLOW = Path(__file__).resolve().parents[2] / "workflows" / "mvcustom_solve_photographs.json"
NODE_IDS = itertools.count(1001)  # no other test's nodes
SHADOW = "document.querySelector('.mvcustom-photographs')?.shadowRoot"
START = """(async (vue, id, folder) => {
    await app.extensionManager.setting.set('Comfy.VueNodes.Enabled', vue)
    const values = [folder, 512, 0, 0, 'largest square', '', 0, '']
    const node = { id, type: 'MVCustomLoadPosedImages', pos: [300, 90], size: [340, 560], widgets_values: values }
    await app.loadGraphData({ last_node_id: id, last_link_id: 0, nodes: [node], links: [], groups: [], version: 0.4 }, true, true)
    app.canvas.ds.scale = 1
    app.canvas.ds.offset = [0, 0]
    app.graph.setDirtyCanvas(true, true)
})"""
FOLDER = "app.graph._nodes[0].widgets.find(widget => widget.name === 'folder').value"
PLACE = f"(box => [box.x + box.width / 2, box.y + box.height - 8])({SHADOW}.querySelector('.panel').getBoundingClientRect())"


@dataclass(frozen=True)
class Opened:
    page: ChromiumPage
    input: Path

    def choose(self, label: str, files: list[Path]) -> None:
        self.page.choose_files(f"{SHADOW}.querySelector('input[aria-label=\"{label}\"]')", files)

    def press(self, label: str) -> None:
        button = f"[...{SHADOW}.querySelectorAll('button')].find(button => button.textContent === {json.dumps(label)})"
        self.page.wait_for(f"{button} && {button}.getClientRects().length")
        self.page.evaluate(f"{button}.click()")

    def upload(self, folder: str) -> None:
        """Name the folder, and upload; at once, since the panel may draw its question again when the list of folders arrives."""
        field = f"{SHADOW}.querySelector('.question input')"
        button = f"[...{SHADOW}.querySelectorAll('.question button')].find(button => button.textContent === 'Upload')"
        self.page.wait_for(f"{field} && {button}")
        self.page.evaluate(f"Object.assign({field}, {{ value: {json.dumps(folder)} }}) && {button}.click()")

    def wait_for_words(self, words: str) -> None:
        text = f"{SHADOW}.querySelector('.panel').textContent"
        try:
            self.page.wait_for(f"{text}.includes({json.dumps(words)})", timeout=20)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in {self.page.evaluate(text)!r}") from None

    def pictures(self) -> list[str]:
        """Titles of the small pictures that are drawn."""
        drawn = "[...%s.querySelectorAll('figure')].filter(each => each.firstChild.naturalWidth > 0).map(each => each.title)"
        return self.page.evaluate(drawn % SHADOW)

    def files(self) -> list[str]:
        return sorted(file.relative_to(self.input).as_posix() for file in self.input.rglob("*") if file.is_file())

    def save_screenshot(self, name: str) -> None:
        self.page.save_screenshot(PICTURES / f"photographs_{name}_{self.page.evaluate('LiteGraph.vueNodesMode')}.png")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start(page: ChromiumPage, server: ComfyServer, vue: bool, folder: str = "") -> Opened:
    page.evaluate(f"{START}({json.dumps(vue)}, {next(NODE_IDS)}, {json.dumps(folder)})")
    page.wait_for(f"{SHADOW}?.querySelector('.panel').clientHeight > 100")
    return Opened(page, server.log_path.parent / "input")


@pytest.fixture(scope="module", autouse=True)
def classic_again(page: ChromiumPage) -> Iterator[None]:
    """The server keeps which renderer was chosen: other tests' nodes would have other sizes."""
    yield
    page.evaluate("app.extensionManager.setting.set('Comfy.VueNodes.Enabled', false)")


@pytest.fixture(params=[False, True], ids=["canvas", "nodes 2.0"])
def opened(page: ChromiumPage, comfy_server: ComfyServer, request: pytest.FixtureRequest) -> Opened:
    return start(page, comfy_server, request.param)


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    return [save_picture(tmp_path / "cup" / f"{i}.png", i) for i in range(3)]


def save_picture(file: Path, number: int, side: int = 48) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)).save(file)
    return file


def test_photographs_are_chosen_kept_replaced_and_removed(opened: Opened, photographs: list[Path], tmp_path: Path) -> None:
    name = f"chosen {tmp_path.name}"
    opened.choose("Choose photographs", photographs)
    opened.upload(name)
    opened.wait_for_words(f"3 files are now in input/{name}.")
    opened.wait_for_words(f"No camera file is in input/{name}. {SOLVE}")
    assert opened.page.evaluate(FOLDER) == name, "the node's own input has the folder"
    wait_until(lambda: opened.pictures() == ["0.png", "1.png", "2.png"])
    opened.save_screenshot("chosen")

    save_picture(photographs[0], 77)
    opened.choose("Choose photographs", [*photographs, save_picture(tmp_path / "cup" / "3.png", 3)])
    opened.upload(name)
    opened.wait_for_words("3 of the same name")
    stored = (opened.input / name / "0.png").read_bytes()
    opened.press("Keep those 3 and add 1")
    opened.wait_for_words(f"1 file is now in input/{name}.")
    assert (opened.input / name / "0.png").read_bytes() == stored
    opened.choose("Choose photographs", photographs[:1])
    opened.upload(name)
    opened.press("Replace those 1")
    opened.wait_for_words(f"1 file is now in input/{name}.")
    wait_until(lambda: (opened.input / name / "0.png").read_bytes() == photographs[0].read_bytes())

    opened.press("delete")
    opened.wait_for_words(f"Delete 0.png from input/{name} on the server?")
    opened.save_screenshot("removal")
    opened.press("Cancel")
    assert (opened.input / name / "0.png").exists()
    opened.press("delete")
    opened.press("Delete")
    wait_until(lambda: opened.pictures() == ["1.png", "2.png", "3.png"])
    assert not (opened.input / name / "0.png").exists()


# The part of the panel's words that is out of sight, in pixels.
HIDDEN = f"""(() => {{
    const [note, panel] = ['.note', '.panel'].map(name => {SHADOW}.querySelector(name))
    const [inner, outer] = [note, panel].map(element => element.getBoundingClientRect())
    return Math.max(note.scrollHeight - note.clientHeight, inner.bottom - outer.bottom, 0)
}})()"""


def test_long_message_is_shown_whole(opened: Opened, photographs: list[Path], tmp_path: Path) -> None:
    opened.page.evaluate("(node => node.setSize([300, node.computeSize()[1]]))(app.graph._nodes[0])")
    name = f"annotated {tmp_path.name[-2:]}"
    photographs[0].parent.joinpath("notes.txt").write_text("no cameras", encoding="utf-8")
    for number in range(3, 18):
        save_picture(photographs[0].parent / f"{number}.png", number)
    opened.choose("Choose folder", [photographs[0].parent])
    opened.upload(name)
    opened.wait_for_words(f"No camera file is in input/{name}. {SOLVE}")
    assert opened.page.evaluate(HIDDEN) <= 1, "the message of an upload"
    opened.wait_for_words(" more below: scroll, or make the node higher")
    page = opened.page
    page.evaluate(f"app.graph._nodes[0].widgets.find(widget => widget.name === 'folder').value = {json.dumps(name + ' elsewhere')}")
    opened.wait_for_words("elsewhere")
    opened.save_screenshot("message")
    assert page.evaluate(HIDDEN) <= 1, page.evaluate(f"{SHADOW}.querySelector('.note').textContent")


def test_folder_with_cameras_is_chosen_and_dropped(opened: Opened, photographs: list[Path], tmp_path: Path) -> None:
    folder = photographs[0].parent
    (folder / "transforms.json").write_text("{}", encoding="utf-8")
    (folder / "clip.mp4").write_bytes(b"0")
    chosen, dropped, on_node = (f"{way} {tmp_path.name}" for way in ("folder", "dropped", "on node"))
    opened.choose("Choose folder", [folder])
    opened.page.wait_for(f"{SHADOW}.querySelector('.question input')?.value === 'cup'")
    opened.wait_for_words("Left out: clip.mp4: wanted photographs (PNG, JPEG")
    opened.upload(chosen)
    opened.wait_for_words(f"4 files are now in input/{chosen}: 3 photographs.")
    x, y = opened.page.evaluate(PLACE)
    opened.page.drop_files((x, y), [folder])
    opened.upload(dropped)
    opened.wait_for_words(f"4 files are now in input/{dropped}: 3 photographs.")
    opened.page.drop_files((400, 76), [folder])  # the node's title
    opened.upload(on_node)
    opened.wait_for_words(f"4 files are now in input/{on_node}: 3 photographs.")
    opened.save_screenshot("dropped")
    for name in (chosen, dropped, on_node):
        assert sorted(file.name for file in (opened.input / name).iterdir()) == ["0.png", "1.png", "2.png", "transforms.json"]
    assert opened.page.evaluate("app.graph._nodes.length") == 1, "ComfyUI took none of them for a workflow"

    options = opened.page.evaluate(f"[...{SHADOW}.querySelectorAll('option')].map(option => option.value)")
    assert {chosen, dropped, on_node} <= set(options)
    chooser = f"{SHADOW}.querySelector('select')"
    opened.page.evaluate(f"Object.assign({chooser}, {{ value: {json.dumps(chosen)} }}).dispatchEvent(new Event('change'))")
    opened.wait_for_words(f"3 photographs in input/{chosen}.")
    assert opened.page.evaluate(f"app.graphToPrompt().then(built => Object.values(built.output)[0].inputs.{'folder'})") == chosen
    assert opened.page.evaluate("app.graph._nodes[0].serialize().widgets_values") == [chosen, 512, 0, 0, "largest square", "", 0, ""]


def test_upload_on_solve_cameras_chooses_the_folder_of_the_node_before_it(opened: Opened, photographs: list[Path], tmp_path: Path) -> None:
    opened.page.evaluate(f"app.loadGraphData({SOLVE_WORKFLOW.read_text(encoding='utf-8')}, true, true)")
    opened.page.wait_for(f"{SHADOW}?.querySelector('.panel').clientHeight > 100 && app.graph._nodes.length > 30")
    name = f"plain {tmp_path.name}"
    opened.choose("Choose photographs", photographs)
    opened.upload(name)
    opened.wait_for_words(f"3 files are now in input/{name}: 3 photographs.")
    folder = "app.graph._nodes.find(node => node.type === 'LoadImageDataSetFromFolder').widgets[0]"
    assert opened.page.evaluate(f"[{folder}.value, {folder}.options.values.includes({folder}.value)]") == [name, True]
    opened.page.evaluate("app.canvas.ds.offset = [900, 0]; app.graph.setDirtyCanvas(true, true)")
    wait_until(lambda: opened.pictures() == ["0.png", "1.png", "2.png"])
    opened.save_screenshot("solve")


def test_upload_that_is_cancelled_or_lost_leaves_nothing(page: ChromiumPage, comfy_server: ComfyServer, tmp_path: Path) -> None:
    opened = start(page, comfy_server, vue=False)
    large = save_picture(tmp_path / "large.png", 0, side=700)  # noise: 1.5 MB
    name = f"slow {tmp_path.name}"
    save_picture(opened.input / name / "there.png", 1)
    before = opened.files()
    opened.choose("Choose photographs", [large])
    opened.upload(name)
    page.slow_down(300_000)
    opened.press("Add")
    page.wait_for(f"{SHADOW}.querySelector('progress')?.value > 0.1")
    assert opened.files() != before, "it is being collected"
    opened.save_screenshot("sending")
    opened.press("Cancel")
    opened.wait_for_words("Cancelled; nothing was stored.")
    page.slow_down(-1)
    wait_until(lambda: opened.files() == before)

    opened.choose("Choose photographs", [large])
    opened.upload(name)
    opened.wait_for_words("Add these to them?")
    page.slow_down(-1, offline=True)
    try:
        opened.press("Add")
        opened.wait_for_words("The connection to the server was lost; nothing was stored.")
    finally:
        page.slow_down(-1)
    assert opened.files() == before and page.evaluate(FOLDER) == ""


def test_files_of_another_kind_are_refused_on_the_node(page: ChromiumPage, comfy_server: ComfyServer, tmp_path: Path) -> None:
    opened = start(page, comfy_server, vue=False)
    before = opened.files()
    script = tmp_path / "a.png"
    script.write_text("<script>", encoding="utf-8")
    raw = [tmp_path / f"IMG_{i}.{kind}" for i, kind in enumerate(("HEIC", "heic", "CR2"))]
    for file in raw:
        file.write_bytes(b"0")
    opened.choose("Choose photographs", raw)
    opened.wait_for_words("None of these can be used. Left out: 3 files, such as IMG_0.HEIC: wanted photographs (PNG, JPEG")
    opened.choose("Choose photographs", [*raw, save_picture(tmp_path / "good.png", 0)])
    opened.wait_for_words("1 file, 0.01 MB")
    opened.wait_for_words("Left out: 3 files")
    opened.press("Cancel")
    opened.wait_for_words("Choose photographs or a folder, or drop them here.")
    assert "Left out" not in opened.page.evaluate(f"{SHADOW}.querySelector('.note').textContent"), "it is not of the folder"
    opened.choose("Choose photographs", [script])
    opened.upload(f"kinds {tmp_path.name}")
    opened.wait_for_words("a.png: wanted an image file, got something that no image reader knows")
    opened.choose("Choose photographs", [script])
    opened.upload("../outside")
    opened.wait_for_words("'../outside', which leads elsewhere")
    assert opened.files() == before and not (opened.input.parent / "outside").exists()


HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>'


def test_hostile_names_are_shown_as_text(page: ChromiumPage, comfy_server: ComfyServer) -> None:
    opened = start(page, comfy_server, vue=True, folder=HOSTILE)
    opened.wait_for_words("<img src=x onerror=")
    assert page.evaluate(f"{SHADOW}.querySelectorAll('img, script').length") == 0
    assert page.evaluate("window.hacked ?? null") is None
    assert page.evaluate(FOLDER) == HOSTILE
