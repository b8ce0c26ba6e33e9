"""The user's hand on a page: the pointer is pressed, moved and released, keys are typed. Places are pixels of the page."""

from __future__ import annotations

from dataclasses import dataclass

from mvcustom.tests.browser.chromium import ChromiumPage

Place = tuple[float, float]

ALT, CONTROL, SHIFT = 1, 2, 8  # the DevTools protocol's bits
CODES = {"Delete": 46, "ArrowRight": 39, "ArrowUp": 38, "z": 90, "y": 89, "]": 221, "Tab": 9}
STEPS = 4  # of a drag


@dataclass(frozen=True)
class Hands:
    page: ChromiumPage

    def move(self, place: Place, modifiers: int = 0, pressed: bool = False) -> None:
        self._mouse("mouseMoved", place, modifiers, buttons=int(pressed), button="left" if pressed else "none")

    def click(self, place: Place, modifiers: int = 0, count: int = 1) -> None:
        self.move(place, modifiers)
        for number in range(1, count + 1):
            self._mouse("mousePressed", place, modifiers, button="left", buttons=1, clickCount=number)
            self._mouse("mouseReleased", place, modifiers, button="left", buttons=0, clickCount=number)

    def drag(self, start: Place, end: Place, modifiers: int = 0) -> None:
        self.move(start, modifiers)
        self._mouse("mousePressed", start, modifiers, button="left", buttons=1, clickCount=1)
        for step in range(1, STEPS + 1):
            share = step / STEPS
            self.move((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])), modifiers, pressed=True)
        self._mouse("mouseReleased", end, modifiers, button="left", buttons=0, clickCount=1)

    def turn_wheel(self, place: Place, amount: float) -> None:
        self._mouse("mouseWheel", place, 0, deltaX=0, deltaY=amount)

    def type_key(self, key: str, modifiers: int = 0) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.page.dispatch("Key", type=kind, key=key, windowsVirtualKeyCode=CODES[key], modifiers=modifiers)

    def _mouse(self, kind: str, place: Place, modifiers: int, **details: object) -> None:
        self.page.dispatch("Mouse", type=kind, x=place[0], y=place[1], modifiers=modifiers, **details)
