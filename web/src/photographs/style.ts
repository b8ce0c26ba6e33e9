// The panel's style. It lies inside the panel's own shadow root; the colours are those of ComfyUI's theme.

export const STYLE = `
:host { display: block; width: 100%; height: 100%; min-height: var(--least); box-sizing: border-box; }
.panel { display: flex; flex-direction: column; gap: 4px; height: 100%; min-height: var(--least); box-sizing: border-box; padding: 2px; overflow: auto;
  font: 11px/1.35 system-ui, sans-serif; color: var(--input-text, CanvasText); border: 1px dashed transparent; border-radius: 4px; }
.panel.over { border-color: #4a90e2; }
.row { display: flex; flex: none; flex-wrap: wrap; gap: 3px; align-items: center; }
.row > * { flex: 1 1 auto; }
.chooser { display: flex; }
.chooser button { flex: 1; }
.row > .words { flex: 1 1 100%; overflow-wrap: anywhere; }
button, select, input { font: inherit; color: inherit; background: var(--comfy-input-bg, Canvas); border: 1px solid var(--border-color, GrayText);
  border-radius: 4px; padding: 1px 5px; min-height: 22px; margin: 0; min-width: 0; }
button { cursor: pointer; }
button:hover { border-color: currentColor; }
button:disabled, select:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 2px solid #4a90e2; outline-offset: 1px; }
.photographs { flex: 1 1 56px; min-height: 24px; display: flex; flex-direction: column; }
.hidden { flex: none; opacity: 0.8; }
.pictures { position: relative; flex: 1 1 24px; min-height: 24px; overflow: auto; display: grid; grid-template-columns: repeat(auto-fill, minmax(52px, 1fr));
  grid-auto-rows: 52px; gap: 3px; align-content: start; }
figure { position: relative; margin: 0; min-width: 0; }
img { width: 100%; height: 100%; object-fit: cover; border-radius: 3px; background: var(--bg-color, Canvas); }
figure button { position: absolute; right: 1px; bottom: 1px; min-height: 14px; padding: 0 3px; font-size: 9px; line-height: 12px; opacity: 0.85; }
figure button:hover, figure button:focus-visible { opacity: 1; }
.note { flex: none; min-height: 15px; white-space: pre-line; overflow-wrap: anywhere; }
.note.bad { color: #e05555; }
.note.warn { color: #b97800; }
[hidden] { display: none !important; }
@media (prefers-contrast: more) { button, select, input { border-color: currentColor; } }
`
