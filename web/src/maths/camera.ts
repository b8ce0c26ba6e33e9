// Pinhole cameras with OpenCV axes (x right, y down, z forward), as mvcustom_core/camera/cameras.py has them.

import { apply, cross, dot, fromRows, normalize, row, scale, subtract, type Matrix, type Vector } from './vector'

export interface Lens {
  readonly fx: number // pixels, as the others
  readonly fy: number
  readonly cx: number
  readonly cy: number
  readonly width: number
  readonly height: number
}

export interface Camera {
  readonly rotation: Matrix // camera-from-world
  readonly center: Vector // in the world
  readonly lens: Lens
}

export const UP: Vector = [0, -1, 0] // of scenes without photographs
const FRONT_ELEVATION_DEG = 18
const FRONT_FOV_DEG = 52

export const rightOf = (camera: Camera): Vector => row(camera.rotation, 0)
export const downOf = (camera: Camera): Vector => row(camera.rotation, 1)
export const forwardOf = (camera: Camera): Vector => row(camera.rotation, 2)

/** The camera-from-world rotation of a camera at `eye` that looks at `target`. */
export function lookAt(eye: Vector, target: Vector, up: Vector): Matrix {
  const forward = normalize(subtract(target, eye))
  const right = normalize(cross(forward, up))
  return fromRows(right, cross(forward, right), forward)
}

/** The camera that the node takes where base_cameras is not connected. */
export function frontCamera(width: number, height: number): Camera {
  const elevation = (FRONT_ELEVATION_DEG * Math.PI) / 180
  const center: Vector = [0, -Math.sin(elevation), Math.cos(elevation)]
  const size = Math.max(width, height)
  const focal = (0.5 * size) / Math.tan((FRONT_FOV_DEG * Math.PI) / 360)
  const lens = { fx: focal, fy: focal, cx: size / 2, cy: size / 2, width: size, height: size }
  return fitCamera({ rotation: lookAt(center, [0, 0, 0], UP), center, lens }, width, height)
}

/** The camera for pictures of another size: as much of the field of view as the new aspect holds, centred. */
export function fitCamera(camera: Camera, width: number, height: number): Camera {
  const { fx, fy, cx, cy, width: oldWidth, height: oldHeight } = camera.lens
  const factor = Math.max(width / oldWidth, height / oldHeight)
  const lens = {
    fx: fx * factor,
    fy: fy * factor,
    cx: cx * factor - (oldWidth * factor - width) / 2,
    cy: cy * factor - (oldHeight * factor - height) / 2,
    width,
    height
  }
  return { ...camera, lens }
}

/** The image point (x, y) in pixels and the depth of a world point. */
export function project(camera: Camera, point: Vector): Vector {
  const [x, y, z] = apply(camera.rotation, subtract(point, camera.center))
  return [(camera.lens.fx * x) / z + camera.lens.cx, (camera.lens.fy * y) / z + camera.lens.cy, z]
}

/** Camera-from-world as 16 numbers, row by row. */
export function matrixOf(camera: Camera): number[] {
  const moved = scale(apply(camera.rotation, camera.center), -1)
  return [0, 1, 2].flatMap((i) => [...row(camera.rotation, i), moved[i]]).concat([0, 0, 0, 1])
}

/** The four corners of a camera's picture in the world, `depth` in front of it, clockwise from the upper left. */
export function cornersOf(camera: Camera, depth: number): Vector[] {
  const { fx, fy, cx, cy, width, height } = camera.lens
  const [right, down, forward] = [rightOf(camera), downOf(camera), forwardOf(camera)]
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height]
  ].map(([x, y]) => {
    const [a, b] = [((x - cx) / fx) * depth, ((y - cy) / fy) * depth]
    return [0, 1, 2].map((i) => camera.center[i] + a * right[i] + b * down[i] + depth * forward[i]) as unknown as Vector
  })
}

/** Azimuth about `up` and elevation of a world point as seen from the origin, in degrees; azimuth 0 is where `front` stands. */
export function anglesOf(point: Vector, front: Vector, up: Vector): { azimuth: number; elevation: number } {
  const axis = normalize(up)
  const ahead = normalize(subtract(front, scale(axis, dot(front, axis))))
  const side = cross(axis, ahead) // to the camera's right
  const azimuth = (Math.atan2(dot(point, side), dot(point, ahead)) * 180) / Math.PI
  const elevation = (Math.asin(Math.max(-1, Math.min(1, dot(normalize(point), axis)))) * 180) / Math.PI
  return { azimuth, elevation }
}
