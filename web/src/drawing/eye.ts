// An eye that looks at the scene: the viewer's, or one of the cameras'. Points of the scene become pixels of a canvas.

import { apply, mix, subtract, type Matrix, type Vector } from '../maths/vector'
import type { Camera } from '../maths/camera'
import { FIELD_DEG, placeView, type Frame, type View } from './view'

export interface Eye {
  readonly center: Vector
  readonly rotation: Matrix // camera-from-world, OpenCV axes
  readonly fx: number // pixels
  readonly fy: number
  readonly cx: number
  readonly cy: number
}

/** A box of the canvas, in its pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const NEAR = 0.01 // world units before the eye; nothing nearer is drawn

export function eyeOfView(view: View, frame: Frame, width: number, height: number): Eye {
  const focal = height / 2 / Math.tan((FIELD_DEG * Math.PI) / 360)
  return { ...placeView(view, frame), fx: focal, fy: focal, cx: width / 2, cy: height / 2 }
}

/** What a camera sees, into a box of the aspect of its pictures. */
export function eyeOfCamera({ center, rotation, lens }: Camera, box: Box): Eye {
  const [across, down] = [box.width / lens.width, box.height / lens.height]
  return { center, rotation, fx: lens.fx * across, fy: lens.fy * down, cx: box.x + lens.cx * across, cy: box.y + lens.cy * down }
}

const toEye = (eye: Eye, point: Vector): Vector => apply(eye.rotation, subtract(point, eye.center))
const toPixels = (eye: Eye, [x, y, z]: Vector): Vector => [eye.cx + (eye.fx * x) / z, eye.cy + (eye.fy * y) / z, z]

/** Pixel and depth of a point of the world; of a depth below zero the pixel means nothing. */
export const project = (eye: Eye, point: Vector): Vector => toPixels(eye, toEye(eye, point))

export const isBefore = ([, , depth]: Vector): boolean => depth > NEAR

/** Both ends of a line in pixels, cut where it comes too near; null where all of it is behind. */
export function projectLine(eye: Eye, start: Vector, end: Vector): [Vector, Vector] | null {
  let [a, b] = [toEye(eye, start), toEye(eye, end)]
  if (a[2] < NEAR && b[2] < NEAR) return null
  if (a[2] < NEAR) a = mix(a, b, (NEAR - a[2]) / (b[2] - a[2]))
  else if (b[2] < NEAR) b = mix(b, a, (NEAR - b[2]) / (a[2] - b[2]))
  return [toPixels(eye, a), toPixels(eye, b)]
}
