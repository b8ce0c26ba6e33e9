// Pointer and keyboard on the picture: what is under the pointer, drags of handles, turns of the view.

import { forwardOf } from '../maths/camera'
import { add, scale, type Vector } from '../maths/vector'
import { dragHandle, type Handle } from '../state/handles'
import { isStep, nudgeHandle } from '../state/nudge'
import type { PathState } from '../state/path'
import { castRay, panView, turnView, zoomView, type View } from '../drawing/view'
import { eyeOfView, project } from '../drawing/eye'
import { PYRAMID_DEPTH } from '../drawing/scene'
import type { Ray } from '../maths/ray'
import type { Editor } from './editor'
import { pickNearest } from './layout'
import type { Model } from './model'

export interface Stage {
  readonly canvas: HTMLCanvasElement
  model(): Model
  view: View
  readonly edit: Editor
  hover(words: string): void
  resetView(): void
  togglePlay(): void
  redraw(): void
}

const REACH = 11 // pixels of the screen
const CLICK = 4

interface Press {
  readonly x: number
  readonly y: number
  readonly handle: Handle | null
  readonly start: PathState
  readonly from: Ray
  readonly pan: boolean
  lastX: number
  lastY: number
  moved: boolean
  stored: boolean
}

export class Pointer {
  private press: Press | null = null

  constructor(private readonly stage: Stage) {
    const { canvas } = stage
    canvas.addEventListener('pointerdown', (event) => this.down(event))
    canvas.addEventListener('pointermove', (event) => this.move(event))
    canvas.addEventListener('pointerup', (event) => this.up(event))
    canvas.addEventListener('pointercancel', () => (this.press = null))
    canvas.addEventListener('pointerleave', () => this.stage.hover(''))
    canvas.addEventListener('dblclick', () => stage.resetView())
    canvas.addEventListener('contextmenu', (event) => event.preventDefault())
    canvas.addEventListener('keydown', (event) => this.key(event))
    const wheel = (event: WheelEvent): void => {
      event.preventDefault()
      stage.view = zoomView(stage.view, Math.exp(event.deltaY * 0.0015))
      stage.redraw()
    }
    canvas.addEventListener('wheel', wheel, { passive: false })
  }

  /** Whether a handle is being dragged. */
  get dragging(): boolean {
    return Boolean(this.press?.handle)
  }

  private locate(event: MouseEvent): [number, number] {
    const { canvas } = this.stage
    const box = canvas.getBoundingClientRect() // scaled, where the node's canvas is zoomed
    return [((event.clientX - box.left) / box.width) * canvas.clientWidth, ((event.clientY - box.top) / box.height) * canvas.clientHeight]
  }

  private cast(x: number, y: number): Ray {
    const { canvas, view } = this.stage
    return castRay(view, this.stage.model().frame, x, y, canvas.clientWidth, canvas.clientHeight)
  }

  private findNear<T>(x: number, y: number, things: readonly T[], places: (thing: T) => Vector[], preferred?: (thing: T) => boolean): T | null {
    const { canvas, view } = this.stage
    const eye = eyeOfView(view, this.stage.model().frame, canvas.clientWidth, canvas.clientHeight)
    const targets = things.map((thing) => ({ places: places(thing).map((place) => project(eye, place)), preferred: preferred?.(thing) }))
    const found = pickNearest(targets, x, y, REACH)
    return found === null ? null : things[found]
  }

  private findHandle(x: number, y: number): Handle | null {
    const { chosen } = this.stage.edit
    return this.findNear(x, y, this.stage.model().handles, ({ at }) => [at], ({ id }) => id === chosen)
  }

  private findPhotograph(x: number, y: number): number | null {
    const cameras = this.stage.model().base?.cameras ?? []
    const camera = this.findNear(x, y, cameras, (own) => [own.center, add(own.center, scale(forwardOf(own), PYRAMID_DEPTH))])
    return camera && cameras.indexOf(camera)
  }

  private down(event: PointerEvent): void {
    const { canvas } = this.stage
    const [x, y] = this.locate(event)
    canvas.focus({ preventScroll: true })
    const ray = this.cast(x, y)
    if (event.altKey && event.button === 0) return this.stage.edit.addKeyframe(ray)
    const model = this.stage.model()
    const handle = event.button === 0 ? this.findHandle(x, y) : null
    const pan = event.button !== 0 || (event.shiftKey && !handle)
    canvas.setPointerCapture(event.pointerId)
    this.press = { x, y, handle, start: model.state, from: ray, pan, lastX: x, lastY: y, moved: false, stored: false }
    if (handle) this.stage.edit.choose(handle.id)
  }

  private move(event: PointerEvent): void {
    const [x, y] = this.locate(event)
    const { press, stage } = this
    if (!press) return stage.hover(this.describe(x, y))
    press.moved ||= Math.hypot(x - press.x, y - press.y) > CLICK
    if (!press.moved) return
    if (press.handle) return this.drag(press, press.handle, event, x, y)
    if (press.pan) stage.view = panView(stage.view, stage.model().frame, x - press.lastX, y - press.lastY, stage.canvas.clientHeight)
    else stage.view = turnView(stage.view, (press.lastX - x) * 0.5, (y - press.lastY) * 0.5)
    press.lastX = x
    press.lastY = y
    stage.redraw()
  }

  private drag(press: Press, handle: Handle, event: PointerEvent, x: number, y: number): void {
    const { place, state } = this.stage.model()
    if (!place) return
    const keys = { snap: event.shiftKey, distance: event.ctrlKey || event.metaKey }
    this.stage.edit.storeDragged(dragHandle({ start: press.start, now: state, handle, from: press.from, to: this.cast(x, y), ...keys }, place), !press.stored)
    press.stored = true
  }

  private up(event: PointerEvent): void {
    const { press, stage } = this
    this.press = null
    if (!press || event.button !== 0) return
    if (!press.moved && !press.handle) {
      const photograph = this.findPhotograph(press.x, press.y)
      if (photograph !== null) stage.edit.chooseBase(photograph)
    }
    stage.redraw()
  }

  private describe(x: number, y: number): string {
    const { base, cameras } = this.stage.model()
    const handle = this.findHandle(x, y)
    this.stage.canvas.style.cursor = handle ? 'move' : ''
    if (handle) return ''
    const photograph = this.findPhotograph(x, y)
    if (base && photograph !== null) return describeCamera(`camera ${photograph}`, base.cameras[photograph].center, this.stage.model())
    const view = this.findNear(x, y, cameras, ({ center }) => [center])
    return view ? describeCamera(`view ${cameras.indexOf(view)}`, view.center, this.stage.model()) : ''
  }

  private key(event: KeyboardEvent): void {
    if (!this.handleKey(event)) return
    event.preventDefault()
    this.stage.redraw()
  }

  private handleKey(event: KeyboardEvent): boolean {
    const { stage } = this
    const { handles, state } = stage.model()
    const command = event.ctrlKey || event.metaKey
    if (command) return false // undo and redo by the keyboard are ComfyUI's, whose history has every change of the widget too
    else if (isStep(event.key) && handles.some(({ id }) => id === stage.edit.chosen))
      stage.edit.store(nudgeHandle(state, stage.edit.chosen as string, event.key, event.shiftKey))
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') stage.view = turnView(stage.view, event.key === 'ArrowLeft' ? -5 : 5, 0)
    else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') stage.view = turnView(stage.view, 0, event.key === 'ArrowUp' ? 5 : -5)
    else if (event.key === '+' || event.key === '-') stage.view = zoomView(stage.view, event.key === '+' ? 0.9 : 1 / 0.9)
    else if ((event.key === '[' || event.key === ']') && handles.length) {
      const at = handles.findIndex(({ id }) => id === stage.edit.chosen)
      stage.edit.choose(handles[(at + (event.key === ']' ? 1 : handles.length - 1) + (at < 0 && event.key === '[' ? 1 : 0)) % handles.length].id)
    } else if (event.key === 'Escape') stage.edit.choose(null)
    else if (event.key === 'Delete' || event.key === 'Backspace') stage.edit.removeKeyframe()
    else if (event.key === ' ') stage.togglePlay()
    else return false
    return true
  }
}

function describeCamera(name: string, center: Vector, { frame }: Model): string {
  const parts = [frame.side, frame.up, frame.ahead].map((axis) => axis[0] * center[0] + axis[1] * center[1] + axis[2] * center[2])
  const distance = Math.hypot(...parts)
  const degrees = (angle: number): string => `${((angle * 180) / Math.PI).toFixed(1)}°`
  const [azimuth, elevation] = [Math.atan2(parts[0], parts[2]), Math.asin(parts[1] / distance)]
  return `${name}: azimuth ${degrees(azimuth)},\nelevation ${degrees(elevation)},\ndistance ${distance.toFixed(2)}`
}
