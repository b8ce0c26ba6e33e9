// What the widget says below the picture, besides warnings of the path.

export const TO_SEE = 'To see the cameras of the photographs, run this node: select it and press the blue ▷ in the bar above it.'
export const OUTDATED = 'The photographs changed since the last run: run this node again (the blue ▷ above it) to see their cameras.'
const DRAG_ENDS = 'Drag the first or the last view.'
const HINTS: Readonly<Record<string, string>> = {
  orbit: 'Drag the first view, the last view or the elevation.',
  spiral: 'Drag the last view: away from the base view for the angle, round it for the turns.',
  keyframes: 'Drag a keyframe; Alt+click adds one. Ctrl+drag changes its distance, the handle turn turns it.',
  file: 'Paste CameraCtrl text into the picture, or drop a .txt file on it.'
}

/** What can be done in the picture with a kind of path. */
export const hintFor = (kind: string): string => HINTS[kind] ?? DRAG_ENDS
