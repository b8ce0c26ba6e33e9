"""The words that people type find the right node and the right template, in the interface's own searches.

ComfyUI searches nodes by id, title and `search_aliases`, and orders what only an alias finds by how alike alias, title and words are. Of a
pack's templates it knows the file names alone, and the nearer the words are to the beginning of one, the better it finds them.
"""

from __future__ import annotations

import json

import pytest

from mvcustom.tests.browser.chromium import ChromiumPage

NODES = {
    "photos": "Load Posed Images",
    "photographs": "Load Posed Images",
    "photos of an object": "Load Posed Images",
    "cameras from photos": "Solve Cameras",
    "single photograph": "Anchor Photograph",
    "camera path": "Camera Trajectory",
    "learn an object": "Learn Concept",
    "3d consistent views": "Depth-Aware Render Hook",
}
TEMPLATES = {
    "photos of an object": "mvcustom_photos_of_an_object",
    "photos": "mvcustom_photos_of_an_object",
    "photographs": "mvcustom_solve_photographs",
    "single photograph": "mvcustom_still_single_photograph",
    "camera path": "mvcustom_demo_camera_path",
    "3d consistent": "mvcustom_sd15_views_3d_consistent",
    "mvcustom_solve": "mvcustom_solve_photographs",  # as it was called before
}
FIND_NODES = """(words => document.querySelector('#vue-app').__vue_app__.config.globalProperties.$pinia._s.get('nodeDef').nodeSearchService
    .searchNode(words).filter(node => node.name.startsWith('MVCustom')).map(node => node.display_name))"""
FOUND = "[...document.querySelectorAll('[data-testid^=\"template-workflow-\"]')].map(card => card.dataset.testid)"
SEARCH = "[...document.querySelectorAll('input[placeholder^=\"Search\"]')].pop()"  # the dialog's is the last
TYPE = f"""(words => {{
    const search = {SEARCH}
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(search, words)
    search.dispatchEvent(new Event('input', {{ bubbles: true }}))
}})"""


def test_words_that_people_type_find_the_right_node_and_template(page: ChromiumPage) -> None:
    assert {words: page.evaluate(f"{FIND_NODES}({json.dumps(words)})[0]") for words in NODES} == NODES
    page.evaluate("app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    page.wait_for(f"{FOUND}.length > 1")
    for words, template in TEMPLATES.items():
        page.evaluate(f"{TYPE}({json.dumps(words)})")
        try:
            page.wait_for(f"{FOUND}[0] === 'template-workflow-{template}'", timeout=30)
        except TimeoutError:
            pytest.fail(f"{words!r} finds {page.evaluate(FOUND)[:3]}, wanted {template}")
