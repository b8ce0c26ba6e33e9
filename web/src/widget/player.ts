// Plays and scrubs the path: which of the views the small picture shows.

import type { Camera } from '../maths/camera'
import { make, makeButton } from './dom'

const VIEWS_PER_SECOND = 8

export class Player {
  private readonly button = makeButton('▶', 'Play the path (space)', () => this.toggle())
  private readonly slider = make('input', { type: 'range', min: 0, max: 0, step: 1, value: '0', 'aria-label': 'view' })
  private readonly label = make('span', {}, '')
  readonly element = make('div', { class: 'row play' }, this.button, this.slider, this.label)
  private timer: number | null = null

  constructor(
    private readonly count: () => number,
    private readonly changed: () => void
  ) {
    this.slider.addEventListener('input', () => this.changed())
  }

  toggle(): void {
    if (this.timer === null) this.timer = window.setInterval(() => this.step(), 1000 / VIEWS_PER_SECOND)
    else this.stop()
    this.button.textContent = this.timer === null ? '▶' : '❚❚'
  }

  private stop(): void {
    if (this.timer !== null) window.clearInterval(this.timer)
    this.timer = null
  }

  private step(): void {
    if (!this.element.isConnected) {
      this.stop()
      this.button.textContent = '▶'
      return
    }
    this.slider.valueAsNumber = (this.slider.valueAsNumber + 1) % Math.max(1, this.count())
    this.changed()
  }

  /** Follow a path that has another number of views. */
  update(): void {
    const last = Math.max(0, this.count() - 1)
    if (this.slider.max !== String(last)) this.slider.max = String(last)
    const words = `${this.slider.valueAsNumber} of ${last}`
    if (this.label.textContent !== words) this.label.textContent = words // else the page would be laid out again at every drawing
  }

  at(cameras: readonly Camera[]): { camera: Camera; number: number } | null {
    const number = Math.min(this.slider.valueAsNumber, cameras.length - 1)
    return cameras.length ? { camera: cameras[number], number } : null
  }
}
