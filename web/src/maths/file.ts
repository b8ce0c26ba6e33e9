// Paths from CameraCtrl or RealEstate10K text, as in mvcustom_core/capture/formats and mvcustom_core/path/trajectory.py.

import { fitCamera, type Camera } from './camera'
import { PathError } from './error'
import { interpolateCameras } from './interpolation'
import { walk, type Views } from './pace'
import { add, apply, dot, fromRows, multiply, norm, row, scale, subtract, transpose, type Matrix, type Vector } from './vector'

const COLUMNS = 19
const NOMINAL_HEIGHT = 1080 // any will do: the cameras are fitted to the pictures afterwards
const RIGID_TOLERANCE = 1e-3

/** The cameras of a text: a first line with any words, then 19 numbers for each view. */
export function parseCameraText(text: string, name: string): Camera[] {
  const [first = '', ...lines] = text.split(/\r\n|\n|\r/)
  if (split(first).length === COLUMNS)
    throw new PathError(`${name}: wanted a first line with the video's URL, got numbers; put any line of text above them`)
  const rows = lines.flatMap((line, i) => (line.trim() ? [parseRow(line, `${name}, line ${i + 2}`)] : []))
  if (!rows.length) throw new PathError(`${name}: wanted a URL line and a row of ${COLUMNS} numbers per view, got no row`)
  const distorted = rows.find((values) => values[5] !== 0 || values[6] !== 0)
  if (distorted)
    throw new PathError(`${name}: wanted zeros in columns 6 and 7, got [${distorted[5]}, ${distorted[6]}]; undistort the video first`)
  const width = Math.max(1, Math.round((NOMINAL_HEIGHT * rows[0][2]) / rows[0][1]))
  return rows.map((values, i) => readCamera(values, width, i))
}

const split = (line: string): string[] => line.split(/\s+/).filter(Boolean)

function parseRow(line: string, where: string): number[] {
  const words = split(line)
  const values = words.map(Number)
  if (values.length !== COLUMNS || !values.every(Number.isFinite))
    throw new PathError(`${where}: wanted ${COLUMNS} finite numbers, got ${words.length} in '${line.slice(0, 78)}'; the file may be cut short`)
  return values
}

function readCamera(values: readonly number[], width: number, view: number): Camera {
  const m = values.slice(7)
  const rotation = fromRows([m[0], m[1], m[2]], [m[4], m[5], m[6]], [m[8], m[9], m[10]])
  if (!isRotation(rotation)) throw new PathError(`camera path, view ${view}: wanted a rotation, got a matrix with scale, shear or reflection`)
  if (!(values[1] > 0 && values[2] > 0)) throw new PathError(`camera path, view ${view}: wanted positive focal lengths, got ${values[1]}, ${values[2]}`)
  const lens = {
    fx: values[1] * width,
    fy: values[2] * NOMINAL_HEIGHT,
    cx: values[3] * width,
    cy: values[4] * NOMINAL_HEIGHT,
    width,
    height: NOMINAL_HEIGHT
  }
  return { rotation, center: scale(apply(transpose(rotation), [m[3], m[7], m[11]]), -1), lens }
}

function isRotation(rotation: Matrix): boolean {
  const product = multiply(rotation, transpose(rotation))
  const error = Math.max(...product.map((value, i) => Math.abs(value - (i % 4 === 0 ? 1 : 0))))
  const [a, b, c] = [0, 1, 2].map((i) => row(rotation, i))
  const right: Vector = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
  return error <= RIGID_TOLERANCE && dot(right, c) > 0 && norm(right) > 0
}

/** The path resampled to the views: moved to begin at the base camera and with its lens, or with its own poses and lens. */
export function followCameras(base: Camera, views: Views, cameras: readonly Camera[], atBase: boolean, factor: number): Camera[] {
  if (cameras.length < 2) throw new PathError(`keyframes: wanted at least two cameras to move between, got ${cameras.length}`)
  const scaled = cameras.map((camera) => ({ ...camera, center: scale(camera.center, factor) }))
  const path = interpolateCameras(scaled, walk(views, [0, cameras.length - 1]))
  if (!atBase) return path.map((camera) => fitCamera(camera, base.lens.width, base.lens.height))
  const first = path[0]
  const back = transpose(base.rotation) // world-from-base
  return path.map((camera) => ({
    rotation: multiply(multiply(camera.rotation, transpose(first.rotation)), base.rotation),
    center: add(base.center, apply(back, apply(first.rotation, subtract(camera.center, first.center)))),
    lens: base.lens
  }))
}
