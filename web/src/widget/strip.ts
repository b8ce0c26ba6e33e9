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
  private readonly list = make('div', { class: 'chips row' })
  readonly element = make('div', { class: 'strip', role: 'group', 'aria-label': 'keyframes' }, this.list, this.makeButtons())
  readonly table = make('div', { class: 'table', hidden: true })
  private keyframes: readonly Keyframe[] = []
  private chosen: number | null = null
  private chips: HTMLElement[] = []
  private cells: HTMLInputElement[][] = [] // of the table, while it is shown

  constructor(private readonly actions: StripActions) {}

  /** Keep the strip in its place as long as the path is of keyframes, be their text faulty for the moment. */
  show(shown: boolean, keyframes: readonly Keyframe[] | null, chosen: number | null): void {
    this.element.hidden = !shown
    if (!shown) this.table.hidden = true
    for (const part of [this.element, this.table]) part.inert = !keyframes
    if (keyframes) this.update(keyframes, chosen)
  }

  /** Show other keyframes. Elements are made anew only where there are more or fewer keyframes: a drag changes numbers alone. */
  private update(keyframes: readonly Keyframe[], chosen: number | null): void {
    this.keyframes = keyframes
    this.chosen = chosen
    if (this.chips.length !== keyframes.length) this.fillStrip()
    this.chips.forEach((chip, i) => chip.setAttribute('aria-pressed', String(i === chosen)))
    this.updateTable()
  }

  private fillStrip(): void {
    this.chips = this.keyframes.map((_, i) => this.makeChip(i))
    this.list.replaceChildren(...this.chips)
  }

  private makeButtons(): HTMLElement {
    return make(
      'div',
      { class: 'row' },
      makeButton('key from this view', 'Add a keyframe where you look from now', () => this.actions.add()),
      makeButton('copy', 'Copy the chosen keyframe to the place after it', () => this.copy()),
      makeButton('‹', 'Move the chosen keyframe one place earlier', () => this.shift(-1)),
      makeButton('›', 'Move the chosen keyframe one place later', () => this.shift(1)),
      makeButton('✕', 'Remove the chosen keyframe', () => this.actions.remove()),
      makeButton('table', 'Show or hide the keyframes as numbers', () => this.toggleTable())
    )
  }

  private makeChip(i: number): HTMLElement {
    const chip = makeButton(String(i), `Keyframe ${i}; drag to reorder`, () => this.actions.choose(i))
    chip.draggable = true
    chip.addEventListener('dragstart', (event) => event.dataTransfer?.setData('text/x-mvcustom-keyframe', String(i)))
    chip.addEventListener('dragover', (event) => event.preventDefault())
    chip.addEventListener('drop', (event) => {
      const from = event.dataTransfer?.getData('text/x-mvcustom-keyframe')
      if (!from) return
      event.preventDefault()
      event.stopPropagation()
      if (Number(from) < this.keyframes.length) this.actions.store(moveKeyframe(this.keyframes, Number(from), i), i)
    })
    return chip
  }

  private copy(): void {
    const at = this.chosen ?? this.keyframes.length - 1
    this.actions.store([...this.keyframes.slice(0, at + 1), { ...this.keyframes[at] }, ...this.keyframes.slice(at + 1)], at + 1)
  }

  private shift(by: number): void {
    const { chosen, keyframes } = this
    if (chosen === null || chosen + by < 0 || chosen + by >= keyframes.length) return
    this.actions.store(moveKeyframe(keyframes, chosen, chosen + by), chosen + by)
  }

  private toggleTable(): void {
    this.table.toggleAttribute('hidden')
    this.updateTable()
  }

  private updateTable(): void {
    if (this.table.hidden) return
    if (this.cells.length !== this.keyframes.length) this.fillTable()
    const edited = (this.table.getRootNode() as ShadowRoot).activeElement
    this.cells.forEach((row, i) =>
      row.forEach((cell, k) => {
        const value = String(this.keyframes[i][KEYS[k]] ?? '')
        if (cell.value !== value && cell !== edited) cell.value = value
      })
    )
  }

  private fillTable(): void {
    this.cells = this.keyframes.map((_, i) => KEYS.map((key) => this.makeCell(i, key)))
    const head = make('tr', {}, make('th', {}, ''), ...KEYS.map((key) => make('th', { scope: 'col' }, HEADS[key])))
    const rows = this.cells.map((row, i) => make('tr', {}, make('th', { scope: 'row' }, String(i)), ...row.map((cell) => make('td', {}, cell))))
    this.table.replaceChildren(make('table', {}, head, ...rows))
  }

  private makeCell(i: number, key: Key): HTMLInputElement {
    const cell = make('input', { type: 'number', step: 'any', 'aria-label': `keyframe ${i}, ${key}` })
    if (key !== 'distance') cell.placeholder = '0'
    cell.addEventListener('change', () => {
      const { [key]: _, ...rest } = this.keyframes[i]
      const value = cell.valueAsNumber
      const changed: Keyframe = Number.isFinite(value) ? { ...rest, [key]: value } : rest
      this.actions.store(
        this.keyframes.map((other, j) => (j === i ? changed : other)),
        i
      )
    })
    return cell
  }
}
