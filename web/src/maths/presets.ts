// Camera paths from one base camera: the same as mvcustom_core/path/trajectory.py, whose conventions hold here.

import { downOf, forwardOf, rightOf, type Camera } from './camera'
import { PathError } from './error'
import { walk, type Range, type Views } from './pace'
import { add, apply, cross, multiply, norm, normalize, rotationAbout, scale, transpose, type Matrix, type Vector } from './vector'

/** np.interp: the value at `x` of the polyline through (knots, values). */
export function interpolateAt(x: number, knots: readonly number[], values: readonly number[]): number {
  const last = knots.length - 1
  if (x <= knots[0]) return values[0]
  if (x >= knots[last]) return values[last]
  const i = findSegment(x, knots)
  return values[i] + ((values[i + 1] - values[i]) * (x - knots[i])) / (knots[i + 1] - knots[i])
}

/** The largest i below the last knot with knots[i] <= x. */
export function findSegment(x: number, knots: readonly number[]): number {
  let [low, high] = [0, knots.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (knots[middle] <= x) low = middle
    else high = middle
  }
  return low
}

export function orbit(base: Camera, views: Views, azimuthDeg: Range, elevationDeg: number, radius: number | null, up: Vector): Camera[] {
  return walk(views, azimuthDeg).map((azimuth) => swing(base, azimuth, elevationDeg, radius, up))
}

const SPIRAL_STEPS = 1024 // of the table that inverts the arc length

export function spiral(base: Camera, views: Views, angleDeg: number, turns: number, up: Vector): Camera[] {
  if (!(turns > 0)) throw new PathError(`trajectory: wanted a positive number of turns, got ${turns}`)
  const end = 2 * Math.PI * turns
  const dense = walk(SPIRAL_STEPS, [0, end])
  const travelled = dense.map((phase) => phase * Math.sqrt(1 + phase * phase) + Math.asinh(phase))
  return walk(views, [0, travelled[SPIRAL_STEPS - 1]]).map((distance) => {
    const phase = interpolateAt(distance, travelled, dense)
    const away = (angleDeg * phase) / end
    return swing(base, away * Math.sin(phase), away * Math.cos(phase), null, up)
  })
}

const SLIDE_AXES = { truck: rightOf, pedestal: (camera: Camera) => scale(downOf(camera), -1), dolly: forwardOf }
export type Slide = keyof typeof SLIDE_AXES
export const SLIDES = Object.keys(SLIDE_AXES) as Slide[]

/** The unit world direction of a slide. */
export const axisOf = (kind: Slide, base: Camera): Vector => SLIDE_AXES[kind](base)

export function slide(kind: Slide, base: Camera, views: Views, distance: Range): Camera[] {
  const axis = axisOf(kind, base)
  return walk(views, distance).map((offset) => ({ ...base, center: add(base.center, scale(axis, offset)) }))
}

export function pan(base: Camera, views: Views, angleDeg: Range, up: Vector): Camera[] {
  return walk(views, angleDeg).map((angle) => turn(base, rotationAbout(normalize(up), -angle)))
}

export function tilt(base: Camera, views: Views, angleDeg: Range): Camera[] {
  return walk(views, angleDeg).map((angle) => turn(base, rotationAbout(rightOf(base), angle)))
}

function turn(base: Camera, rotation: Matrix): Camera {
  return { ...base, rotation: multiply(base.rotation, transpose(rotation)) }
}

/** The base camera rotated rigidly about the origin, elevation first. */
function swing(base: Camera, azimuthDeg: number, elevationDeg: number, radius: number | null, up: Vector): Camera {
  const vertical = normalize(up)
  const right = cross(scale(base.center, -1), vertical)
  if (!(norm(right) > 1e-6 * norm(base.center))) throw new PathError('trajectory: wanted a base camera beside the subject and off its up axis')
  if (radius !== null && !(radius > 0)) throw new PathError(`trajectory: wanted a positive radius, got ${radius}`)
  const rotation = multiply(rotationAbout(vertical, azimuthDeg), rotationAbout(normalize(right), -elevationDeg))
  const arm = radius === null ? base.center : scale(base.center, radius / norm(base.center))
  return { ...turn(base, rotation), center: apply(rotation, arm) }
}
