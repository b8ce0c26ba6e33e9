// The viewer's own camera: it circles about a point of the scene and looks at it.

import { add, cross, dot, norm, normalize, scale, subtract, transpose, apply, rotationAbout, type Matrix, type Vector } from '../maths/vector'
import { lookAt } from '../maths/camera'

export interface View {
  readonly azimuth: number // degrees about up, 0 behind the base camera
  readonly elevation: number // degrees
  readonly distance: number // world units
  readonly target: Vector
}

/** Directions that give the angles a meaning: up, and the horizontal direction of azimuth 0. */
export interface Frame {
  readonly up: Vector
  readonly ahead: Vector
  readonly side: Vector // of azimuth 90
}

export const FIELD_DEG = 40
export const FIRST_VIEW: View = { azimuth: 35, elevation: 30, distance: 3, target: [0, 0, 0] }
const STEEPEST = 89
const LEAST_DISTANCE = 0.05 // world units

export function makeFrame(baseCenter: Vector, up: Vector): Frame {
  const axis = normalize(up)
  let ahead = subtract(baseCenter, scale(axis, dot(baseCenter, axis)))
  if (norm(ahead) < 1e-9) ahead = cross(axis, [axis[1], axis[2], axis[0]])
  ahead = normalize(ahead)
  return { up: axis, ahead, side: cross(axis, ahead) }
}

export function turnView(view: View, azimuth: number, elevation: number): View {
  return { ...view, azimuth: view.azimuth + azimuth, elevation: Math.max(-STEEPEST, Math.min(STEEPEST, view.elevation + elevation)) }
}

export function zoomView(view: View, factor: number): View {
  return { ...view, distance: Math.max(LEAST_DISTANCE, Math.min(200, view.distance * factor)) }
}

const MARGIN = 0.14 // of the picture, on each side, for the words beside the handles

/** The view from the same direction whose picture of `width` by `height` pixels just holds all points. */
export function fitView(view: View, frame: Frame, points: readonly Vector[], width: number, height: number): View {
  const { rotation } = placeView({ ...view, target: [0, 0, 0] }, frame)
  const turned = points.map((point) => apply(rotation, point)) // along the axes of the picture: right, down, away
  const slope = Math.tan((FIELD_DEG * Math.PI) / 360) * (1 - 2 * MARGIN)
  // Each point bounds the eye's place by the planes of the pyramid that it sees.
  const [across, down] = [(slope * width) / height, slope].map((tangent, axis) => {
    const most = Math.max(...turned.map((point) => point[axis] - tangent * point[2]))
    const least = Math.min(...turned.map((point) => point[axis] + tangent * point[2]))
    return { at: (most + least) / 2, away: (least - most) / (2 * tangent) }
  })
  const depths = turned.map((point) => point[2])
  const middle = (Math.min(...depths) + Math.max(...depths)) / 2 // about which the view turns from then on
  const distance = Math.max(LEAST_DISTANCE, middle - Math.min(across.away, down.away))
  return { ...view, distance, target: apply(transpose(rotation), [across.at, down.at, middle]) }
}

/** Move the target in the picture's plane, by pixels of a picture of `height` pixels. */
export function panView(view: View, frame: Frame, dx: number, dy: number, height: number): View {
  const { rotation } = placeView(view, frame)
  const unit = (2 * view.distance * Math.tan((FIELD_DEG * Math.PI) / 360)) / height
  const move = apply(transpose(rotation), [-dx * unit, -dy * unit, 0])
  return { ...view, target: add(view.target, move) }
}

/** Where the viewer stands, and the viewer's camera-from-world rotation (OpenCV axes). */
export function placeView(view: View, frame: Frame): { center: Vector; rotation: Matrix } {
  const raised = apply(rotationAbout(frame.side, -view.elevation), frame.ahead)
  const direction = apply(rotationAbout(frame.up, view.azimuth), raised)
  const center = add(view.target, scale(direction, view.distance))
  return { center, rotation: lookAt(center, view.target, frame.up) }
}

/** The ray through a pixel of the viewer's picture. */
export function castRay(view: View, frame: Frame, x: number, y: number, width: number, height: number): { origin: Vector; direction: Vector } {
  const { center, rotation } = placeView(view, frame)
  const focal = height / 2 / Math.tan((FIELD_DEG * Math.PI) / 360)
  const direction = apply(transpose(rotation), [(x - width / 2) / focal, (y - height / 2) / focal, 1])
  return { origin: center, direction: normalize(direction) }
}
