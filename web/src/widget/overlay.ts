// What is drawn over the three-dimensional scene: numbers of cameras, handles, the box of the small picture, the words under the pointer.

import type { Camera } from '../maths/camera'
import type { Vector } from '../maths/vector'
import type { Box } from '../drawing/eye'
import type { Handle } from '../state/handles'
import { placeNumber } from './layout'

export type Projector = (point: Vector) => Vector // pixels and depth

export interface Ink {
  readonly text: string
  readonly paper: string
  readonly faint: string
}

const HANDLE_COLOR = '#e0902f'
const CHOSEN_COLOR = '#4a90e2'
const MOST_NUMBERS = 25

/** Numbers of the base cameras, beside the handles; of many cameras, every second, fifth or tenth. */
export function drawNumbers(
  context: CanvasRenderingContext2D,
  cameras: readonly Camera[],
  handles: readonly Handle[],
  toPixels: Projector,
  ink: Ink,
  unit: number
): void {
  const every = [1, 2, 5, 10].find((step) => cameras.length / step <= MOST_NUMBERS) ?? 20
  context.font = `${10 * unit}px system-ui, sans-serif`
  context.textAlign = 'center'
  context.fillStyle = ink.faint
  const taken = handles.map(({ at }) => toPixels(at))
  cameras.forEach((camera, i) => {
    if (i % every) return
    const place = toPixels(camera.center)
    if (place[2] <= 0) return
    const [x, y] = placeNumber(place, taken, unit)
    context.fillText(String(i), x, y + 4 * unit)
  })
}

export function drawHandles(
  context: CanvasRenderingContext2D,
  handles: readonly Handle[],
  chosen: string | null,
  toPixels: Projector,
  ink: Ink,
  unit: number
): void {
  context.font = `${11 * unit}px system-ui, sans-serif`
  context.textAlign = 'left'
  const taken: (readonly [number, number, number])[] = [] // left, right and baseline of the words so far
  for (const handle of handles) {
    const [x, y, depth] = toPixels(handle.at)
    if (depth <= 0) continue
    context.beginPath()
    context.arc(x, y, (handle.id === chosen ? 7 : 5.5) * unit, 0, 2 * Math.PI)
    context.fillStyle = handle.id === chosen ? CHOSEN_COLOR : HANDLE_COLOR
    context.fill()
    context.lineWidth = 1.5 * unit
    context.strokeStyle = ink.paper
    context.stroke()
    const wide = context.measureText(handle.label).width
    const left = x + 9 * unit + wide > context.canvas.width ? x - 9 * unit - wide : x + 9 * unit
    const right = left + wide
    let line = y + 4 * unit
    while (taken.some(([from, to, at]) => left < to && from < right && Math.abs(at - line) < 12 * unit)) line += unit
    taken.push([left, right, line])
    drawWords(context, handle.label, left, line, ink, unit)
  }
}

/** Text that stays readable over lines. */
export function drawWords(context: CanvasRenderingContext2D, words: string, x: number, y: number, ink: Ink, unit: number): void {
  context.lineJoin = 'round'
  context.lineWidth = 3 * unit
  context.strokeStyle = ink.paper
  context.strokeText(words, x, y)
  context.fillStyle = ink.text
  context.fillText(words, x, y)
}

/** A polyline in the scene, such as the arc of an orbit or the arm of a handle. */
export function drawLine(context: CanvasRenderingContext2D, points: readonly Vector[], toPixels: Projector, color: string, unit: number): void {
  context.beginPath()
  let open = false
  for (const point of points) {
    const [x, y, depth] = toPixels(point)
    if (depth <= 0) open = false
    else if (open) context.lineTo(x, y)
    else context.moveTo(x, y)
    open = depth > 0
  }
  context.lineWidth = 1.2 * unit
  context.strokeStyle = color
  context.setLineDash([4 * unit, 3 * unit])
  context.stroke()
  context.setLineDash([])
}

const ARROW_SIZE = 9 // pixels
const ARROW_SPREAD = 0.45 // radians to either side

/** The head of an arrow at the end of a line of the scene. */
export function drawArrow(context: CanvasRenderingContext2D, from: Vector, to: Vector, toPixels: Projector, color: string, unit: number): void {
  const [[x0, y0, depth0], [x, y, depth]] = [toPixels(from), toPixels(to)]
  if (depth0 <= 0 || depth <= 0 || Math.hypot(x - x0, y - y0) < unit) return
  const angle = Math.atan2(y - y0, x - x0)
  const tip = [x + 14 * unit * Math.cos(angle), y + 14 * unit * Math.sin(angle)] // beyond the handle
  context.beginPath()
  context.moveTo(tip[0], tip[1])
  for (const side of [-ARROW_SPREAD, ARROW_SPREAD])
    context.lineTo(tip[0] - ARROW_SIZE * unit * Math.cos(angle + side), tip[1] - ARROW_SIZE * unit * Math.sin(angle + side))
  context.closePath()
  context.fillStyle = color
  context.fill()
}

/** A frame with the first of some words that it has room for. */
export function drawBox(context: CanvasRenderingContext2D, { x, y, width, height }: Box, words: readonly string[], ink: Ink, unit: number): void {
  context.lineWidth = unit
  context.strokeStyle = ink.faint
  context.strokeRect(x, y, width, height)
  context.font = `${10 * unit}px system-ui, sans-serif`
  context.textAlign = 'left'
  const fitting = words.find((choice) => context.measureText(choice).width <= width - 6 * unit)
  if (fitting) drawWords(context, fitting, x + 3 * unit, y + height - 5 * unit, ink, unit)
}

const FIRST: Vector = [0.32, 0.25, 0.85]
const LAST: Vector = [0.95, 0.5, 0.1]
const NEAR: Vector = [0.15, 0.65, 0.3]
const MIDDLE: Vector = [0.9, 0.65, 0.05]
const FAR: Vector = [0.85, 0.15, 0.1]

const blend = (a: Vector, b: Vector, share: number): Vector => [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * share) as unknown as Vector

/** Colours of the views: by the angle to the nearest photograph, green to red at `far` degrees; without photographs by order. */
export function colorViews(count: number, angles: readonly number[] | null, far: number): Vector[] {
  return Array.from({ length: count }, (_, i) => {
    if (!angles) return blend(FIRST, LAST, count > 1 ? i / (count - 1) : 0)
    const share = Math.min(1, angles[i] / far)
    return share < 0.5 ? blend(NEAR, MIDDLE, 2 * share) : blend(MIDDLE, FAR, 2 * share - 1)
  })
}
