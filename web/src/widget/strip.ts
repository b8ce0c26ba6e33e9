// The keyframes in a row, to choose, reorder and copy, and as a table of numbers. Both edit the text that the node stores.

import { KEYS, type Key, type Keyframe } from '../maths/keyframes'
import { moveKeyframe } from '../state/edits'
import { make, makeButton } from './dom'

export interface StripActions {
  choose(at: number): void
  store(keyframes: Keyframe[], chosen: number | null): void
  add(): void
  remove(): void
}

const HEADS: Readonly<Record<Key, string>> = {
  azimuth_deg: 'azim°',
  elevation_deg: 'elev°',
  distance: 'dist',
  truck: 'truck',
  pedestal: 'pedest',
  dolly: 'dolly',
  pan_deg: 'pan°',
  tilt_deg: 'tilt°'
}

export class KeyframeStrip {
  readonly element = make('div', { class: 'strip row', role: 'group', 'aria-label': 'keyframes' })
  readonly table = make('div', { class: 'table', hidden: true })
  private shown = ''

  constructor(private readonly actions: StripActions) {}

  update(keyframes: readonly Keyframe[], chosen: number | null): void {
    const key = JSON.stringify([keyframes, chosen])
    if (key === this.shown) return
    this.shown = key
    this.element.replaceChildren(
      ...keyframes.map((_, i) => this.makeChip(keyframes, i, i === chosen)),
      makeButton('key from this view', 'Add a keyframe where you look from now', () => this.actions.add()),
      makeButton('copy', 'Copy the chosen keyframe to the place after it', () => this.copy(keyframes, chosen)),
      makeButton('‹', 'Move the chosen keyframe one place earlier', () => this.shift(keyframes, chosen, -1)),
      makeButton('›', 'Move the chosen keyframe one place later', () => this.shift(keyframes, chosen, 1)),
      makeButton('✕', 'Remove the chosen keyframe', () => this.actions.remove()),
      makeButton('table', 'Show or hide the keyframes as numbers', () => this.table.toggleAttribute('hidden'))
    )
    if (!this.table.contains((this.table.getRootNode() as ShadowRoot).activeElement)) this.fillTable(keyframes)
  }

  private makeChip(keyframes: readonly Keyframe[], i: number, pressed: boolean): HTMLElement {
    const chip = makeButton(String(i), `Keyframe ${i}; drag to reorder`, () => this.actions.choose(i))
    chip.setAttribute('aria-pressed', String(pressed))
    chip.draggable = true
    chip.addEventListener('dragstart', (event) => event.dataTransfer?.setData('text/x-mvcustom-keyframe', String(i)))
    chip.addEventListener('dragover', (event) => event.preventDefault())
    chip.addEventListener('drop', (event) => {
      const from = event.dataTransfer?.getData('text/x-mvcustom-keyframe')
      if (!from) return
      event.preventDefault()
      event.stopPropagation()
      if (Number(from) < keyframes.length) this.actions.store(moveKeyframe(keyframes, Number(from), i), i)
    })
    return chip
  }

  private copy(keyframes: readonly Keyframe[], chosen: number | null): void {
    const at = chosen ?? keyframes.length - 1
    this.actions.store([...keyframes.slice(0, at + 1), { ...keyframes[at] }, ...keyframes.slice(at + 1)], at + 1)
  }

  private shift(keyframes: readonly Keyframe[], chosen: number | null, by: number): void {
    if (chosen === null || chosen + by < 0 || chosen + by >= keyframes.length) return
    this.actions.store(moveKeyframe(keyframes, chosen, chosen + by), chosen + by)
  }

  private fillTable(keyframes: readonly Keyframe[]): void {
    const head = make('tr', {}, make('th', {}, ''), ...KEYS.map((key) => make('th', { scope: 'col' }, HEADS[key])))
    const rows = keyframes.map((keyframe, i) =>
      make('tr', {}, make('th', { scope: 'row' }, String(i)), ...KEYS.map((key) => make('td', {}, this.makeCell(keyframes, keyframe, i, key))))
    )
    this.table.replaceChildren(make('table', {}, head, ...rows))
  }

  private makeCell(keyframes: readonly Keyframe[], keyframe: Keyframe, i: number, key: Key): HTMLInputElement {
    const cell = make('input', { type: 'number', step: 'any', 'aria-label': `keyframe ${i}, ${key}`, value: String(keyframe[key] ?? '') })
    if (key !== 'distance') cell.placeholder = '0'
    cell.addEventListener('change', () => {
      const { [key]: _, ...rest } = keyframe
      const value = cell.valueAsNumber
      const changed: Keyframe = Number.isFinite(value) ? { ...rest, [key]: value } : rest
      this.actions.store(
        keyframes.map((other, j) => (j === i ? changed : other)),
        i
      )
      this.shown = ''
    })
    return cell
  }
}
