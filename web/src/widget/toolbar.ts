// The buttons above the picture.

import { PRESETS } from '../state/edits'
import type { View } from '../drawing/view'
import { make, makeButton } from './dom'

export interface ToolbarActions {
  look(view: Partial<View>): void
  fit(view: Partial<View>): void
  begin(preset: (typeof PRESETS)[string]): void
  reverse(): void
  closeCircle(): void
  closeLoop(): void
  undo(): void
  redo(): void
}

export interface Steps {
  readonly canUndo: boolean
  readonly canRedo: boolean
}

export class Toolbar {
  readonly element: HTMLElement
  private readonly circle: HTMLButtonElement
  private readonly loop: HTMLElement
  private readonly back: HTMLButtonElement
  private readonly forth: HTMLButtonElement

  constructor(actions: ToolbarActions) {
    const fit = (label: string, title: string, view: Partial<View>): HTMLElement => makeButton(label, title, () => actions.fit(view))
    const options = Object.keys(PRESETS).map((name) => make('option', { value: name }, name))
    const presets = make('select', { title: 'Begin with a path', 'aria-label': 'Begin with a path' }, make('option', { value: '' }, 'presets'), ...options)
    presets.addEventListener('change', () => {
      const preset = PRESETS[presets.value]
      presets.value = ''
      if (preset) actions.begin(preset)
    })
    this.circle = makeButton('full circle', 'End the orbit one step before its start, so that it can be played again and again', () => actions.closeCircle())
    this.loop = makeButton('close loop', 'End at the first keyframe', () => actions.closeLoop())
    this.back = makeButton('↶', 'Undo the last change of this path', () => actions.undo())
    this.forth = makeButton('↷', 'Redo it', () => actions.redo())
    this.element = make(
      'div',
      { class: 'row', role: 'toolbar', 'aria-label': 'camera path' },
      fit('fit', 'Show all cameras', {}),
      fit('top', 'Look from above, at all cameras', { azimuth: 0, elevation: 89 }),
      fit('side', 'Look from the side, at all cameras', { azimuth: 90, elevation: 3 }),
      makeButton('subject', 'Look at the subject from close by; fit shows all cameras again', () => actions.look({ target: [0, 0, 0], distance: 1.2 })),
      presets,
      makeButton('reverse', 'Run the path the other way round', () => actions.reverse()),
      this.circle,
      this.loop,
      this.back,
      this.forth
    )
  }

  /** Offer what this path can do. Every button has a place of its own, or shares one, so that none moves. */
  update(kind: string, { canUndo, canRedo }: Steps): void {
    this.circle.hidden = kind === 'keyframes'
    this.circle.disabled = kind !== 'orbit'
    this.loop.hidden = kind !== 'keyframes'
    this.back.disabled = !canUndo
    this.forth.disabled = !canRedo
  }
}
