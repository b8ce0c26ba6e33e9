// The buttons above the picture.

import { PRESETS } from '../state/edits'
import type { View } from '../drawing/view'
import { make, makeButton } from './dom'

export interface ToolbarActions {
  look(view: Partial<View>): void
  begin(preset: (typeof PRESETS)[string]): void
  reverse(): void
  closeCircle(): void
  closeLoop(): void
  undo(): void
  redo(): void
}

export class Toolbar {
  readonly element: HTMLElement
  private readonly circle: HTMLElement
  private readonly loop: HTMLElement

  constructor(actions: ToolbarActions) {
    const look = (label: string, title: string, view: Partial<View>): HTMLElement => makeButton(label, title, () => actions.look(view))
    const options = Object.keys(PRESETS).map((name) => make('option', { value: name }, name))
    const presets = make('select', { title: 'Begin with a path', 'aria-label': 'Begin with a path' }, make('option', { value: '' }, 'presets'), ...options)
    presets.addEventListener('change', () => {
      const preset = PRESETS[presets.value]
      presets.value = ''
      if (preset) actions.begin(preset)
    })
    this.circle = makeButton('full circle', 'End the orbit one step before its start, so that it can be played again and again', () => actions.closeCircle())
    this.loop = makeButton('close loop', 'End at the first keyframe', () => actions.closeLoop())
    this.element = make(
      'div',
      { class: 'row', role: 'toolbar', 'aria-label': 'camera path' },
      look('top', 'Look from above', { azimuth: 0, elevation: 89, target: [0, 0, 0] }),
      look('side', 'Look from the side', { azimuth: 90, elevation: 3, target: [0, 0, 0] }),
      look('subject', 'Look at the subject from close by', { target: [0, 0, 0], distance: 1.2 }),
      presets,
      makeButton('reverse', 'Run the path the other way round', () => actions.reverse()),
      this.circle,
      this.loop,
      makeButton('↶', 'Undo the last change of this path', () => actions.undo()),
      makeButton('↷', 'Redo it', () => actions.redo())
    )
  }

  /** Show the buttons that this kind of path has. */
  update(kind: string): void {
    this.circle.hidden = kind !== 'orbit'
    this.loop.hidden = kind !== 'keyframes'
  }
}
