// Elements of the widget. Text is always set as text, so that nothing from a workflow is read as HTML.

type Properties = Readonly<Record<string, string | number | boolean | EventListener>>

/** An element with attributes, listeners (functions, by the event's name) and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, properties: Properties = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (typeof value === 'boolean') element.toggleAttribute(name, value)
    else element.setAttribute(name, String(value))
  }
  element.append(...children)
  return element
}

export const makeButton = (label: string, title: string, click: () => void): HTMLButtonElement =>
  make('button', { type: 'button', title, 'aria-label': title, click: () => click() }, label)

/** The widget's style. It lies inside the widget's own shadow root; the colours are those of ComfyUI's theme. */
export const STYLE = `
:host { display: block; width: 100%; height: 100%; min-height: var(--least); box-sizing: border-box; }
.panel { display: flex; flex-direction: column; gap: 4px; height: 100%; min-height: var(--least); box-sizing: border-box; padding: 2px; overflow: auto;
  font: 11px/1.35 system-ui, sans-serif; color: var(--input-text, CanvasText); }
.row { display: flex; flex: none; flex-wrap: wrap; gap: 3px; align-items: center; }
button, select, input { font: inherit; color: inherit; background: var(--comfy-input-bg, Canvas); border: 1px solid var(--border-color, GrayText);
  border-radius: 4px; padding: 1px 5px; min-height: 20px; margin: 0; }
button { cursor: pointer; }
button:hover { border-color: currentColor; }
button:disabled { opacity: 0.45; cursor: default; border-color: var(--border-color, GrayText); }
button[aria-pressed="true"] { outline: 2px solid #e0902f; outline-offset: -2px; }
:focus-visible { outline: 2px solid #4a90e2; outline-offset: 1px; }
.stage { display: flex; flex: 1 1 200px; flex-direction: column; min-height: 110px; border: 1px solid var(--border-color, GrayText); border-radius: 4px; overflow: hidden;
  background: var(--bg-color, Canvas); }
.picture { position: relative; flex: 1; min-height: 0; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: grab; }
.play input[type=range] { flex: 1; min-width: 60px; padding: 0; }
.strip { display: flex; flex: none; flex-direction: column; gap: 3px; }
.strip[inert] { opacity: 0.45; }
.chips { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: thin; }
.table { flex: none; max-height: 50%; overflow: auto; border-top: 1px solid var(--border-color, GrayText); }
.table table { border-collapse: collapse; }
.table th { font-weight: 500; text-align: right; padding: 0 2px; position: sticky; top: 0; background: var(--comfy-menu-bg, Canvas); }
.table input { width: 46px; padding: 0 2px; text-align: right; }
.foot { display: grid; flex: none; min-height: 56px; font-size: 10.5px; line-height: 14px; }
.foot > * { grid-area: 1 / 1; }
.hint { opacity: 0.65; }
.note { white-space: pre-line; overflow-wrap: anywhere; }
.note:not(:empty) + .hint { visibility: hidden; }
.note.bad { color: #e05555; }
.note.warn { color: #b97800; }
[hidden] { display: none !important; }
@media (prefers-contrast: more) { button, select, input { border-color: currentColor; } }
`
