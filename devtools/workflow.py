"""From a workflow as the browser saves it to a prompt as the server takes it.

A saved workflow lists widget values by position; a prompt wants them by name. The server's `/object_info` gives the names and their order.
What cannot be converted faithfully is refused: subgraphs, muted and bypassed nodes, widgets that only a browser knows.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR"}
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
UPLOAD_OPTIONS = ("image_upload", "video_upload", "audio_upload", "file_upload")
NOTES = {"Note", "MarkdownNote"}
VIRTUAL = {"Reroute", "PrimitiveNode"}
REFUSED_MODES = {2: "muted", 4: "bypassed"}

Json = dict[str, Any]


def convert_workflow(workflow: Json, object_info: Json) -> Json:
    """The API-format prompt of a UI-format workflow.

    Raises:
        ValueError: naming the node that cannot be converted, and why.
    """
    nodes = {node["id"]: node for node in workflow["nodes"] if node["type"] not in NOTES}
    links = {link[0]: link for link in workflow["links"]}
    prompt = {}
    for node in nodes.values():
        if node.get("mode", 0) in REFUSED_MODES:
            raise ValueError(f"{_label(node)} is {REFUSED_MODES[node['mode']]}: remove it, or switch it on, before the workflow is run")
        if node["type"] in VIRTUAL:
            continue
        if node["type"] not in object_info:
            raise ValueError(f"{_label(node)} is not known to the server: install its pack; subgraphs have to be unpacked")
        info = object_info[node["type"]]
        values = _name_widget_values(node, info)
        inputs = {name: {"__value__": value} if isinstance(value, list) else value for name, value in values.items()}
        for slot in node.get("inputs", []):
            if slot.get("link") is not None:
                inputs[slot["name"]] = _follow_link(links[slot["link"]], nodes, links)
        title = node.get("title") or info.get("display_name") or node["type"]
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs, "_meta": {"title": title}}
    return prompt


def apply_override(prompt: Json, override: str) -> Json:
    """A copy of the prompt in which `NODE.input=value` holds; NODE is a title or an id, the value JSON or plain text.

    Raises:
        ValueError: no node, or more than one, has that title and input.
    """
    target, equals, text = override.partition("=")
    if not equals:
        raise ValueError(f"wanted NODE.input=value, got {override!r}")
    found = []
    for identity, node in prompt.items():
        for label in (identity, node["_meta"]["title"]):
            if target.startswith(label + ".") and target[len(label) + 1 :] in node["inputs"]:
                found.append((identity, target[len(label) + 1 :]))
    if len(found) != 1:
        known = ", ".join(sorted(f"{node['_meta']['title']}.{name}" for node in prompt.values() for name in node["inputs"]))
        raise ValueError(f"{target!r} fits {len(found)} inputs, wanted one of: {known}")
    changed = copy.deepcopy(prompt)
    identity, name = found[0]
    try:
        changed[identity]["inputs"][name] = json.loads(text)
    except json.JSONDecodeError:
        changed[identity]["inputs"][name] = text
    return changed


def _name_widget_values(node: Json, info: Json) -> Json:
    """The node's widget values by input name. Values missing at the end were added to the node later: they get their defaults."""
    values = node.get("widgets_values") or []
    if not isinstance(values, list):
        raise ValueError(f"{_label(node)} keeps its widget values by name, in a way of its own pack")
    remaining, named, uploads = list(values), {}, False
    for name, options in _walk_widgets(info["input"], info["input_order"], "", remaining):
        if remaining:
            named[name] = remaining.pop(0)
        elif "default" in options:
            named[name] = options["default"]
        if options.get("control_after_generate") and remaining:
            remaining.pop(0)
        uploads = uploads or any(options.get(upload) for upload in UPLOAD_OPTIONS)
    if uploads and remaining:
        remaining.pop()  # the upload button counts as a widget, the last one
    if remaining:
        raise ValueError(f"{_label(node)} has {len(remaining)} widget values too many: it was saved with another version of the node")
    shown = {slot["widget"]["name"] for slot in node.get("inputs", []) if "widget" in slot}
    unknown = sorted(shown - set(named) - ({"upload"} if uploads else set()))
    if unknown:
        raise ValueError(f"{_label(node)} has widgets that only a browser can read: {', '.join(unknown)}")
    return named


def _walk_widgets(inputs: Json, order: Json, prefix: str, remaining: list[Any]) -> Iterator[tuple[str, Json]]:
    """Names and options of the widgets, in the order in which they are saved. A dynamic combo brings the widgets of its present choice."""
    for group in ("required", "optional"):
        for name in order.get(group, inputs.get(group, {})):
            kind, options = (*inputs[group][name], {})[:2]
            if kind == DYNAMIC_COMBO:
                choice = remaining[0] if remaining else options["options"][0]["key"]
                yield prefix + name, {"default": choice}
                for option in options["options"]:
                    if option["key"] == choice:
                        yield from _walk_widgets(option["inputs"], {}, f"{prefix}{name}.", remaining)
            elif isinstance(kind, list):
                yield prefix + name, {"default": kind[0] if kind else None, **options}
            elif kind in WIDGET_TYPES and not options.get("forceInput"):
                yield prefix + name, _with_default(kind, options)


def _with_default(kind: str, options: Json) -> Json:
    if kind == "COMBO" and options.get("options"):
        return {"default": options["options"][0], **options}
    return {"default": {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}.get(kind), **options}


def _follow_link(link: list[Any], nodes: dict[int, Json], links: dict[int, list[Any]]) -> Any:
    """Where a link comes from: [node, output], past reroutes; or the value of a primitive node."""
    origin = nodes[link[1]]
    if origin["type"] == "PrimitiveNode":
        return origin["widgets_values"][0]
    if origin["type"] == "Reroute":
        before = origin["inputs"][0]["link"]
        if before is None:
            raise ValueError(f"{_label(origin)} has nothing connected to its input")
        return _follow_link(links[before], nodes, links)
    return [str(link[1]), link[2]]


def _label(node: Json) -> str:
    return f"{node.get('title') or node['type']} (node {node['id']}, {node['type']})"
