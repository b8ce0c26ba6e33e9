// Reads what the node sends to the browser after a run. It is checked, because saved outputs may come from anywhere.

import { fromRows, norm, scale, apply, transpose, type Vector } from '../maths/vector'
import type { Camera } from '../maths/camera'
import type { BaseCameras } from './path'

/** The sheet of thumbnails: square cells in rows, in the order of the cameras. */
export interface Sheet {
  readonly filename: string
  readonly subfolder: string
  readonly type: string
  readonly columns: number
  readonly rows: number
}

const isNumbers = (value: unknown, count: number): value is number[] =>
  Array.isArray(value) && value.length === count && value.every((entry) => typeof entry === 'number' && Number.isFinite(entry))

/** The base cameras of an output of the node; null where it had none, or where the output is none of ours. */
export function readBase(output: unknown): BaseCameras | null {
  const entry = firstOf(output, 'mvcustom_base_cameras')
  if (!entry || !isNumbers(entry.up, 3) || !(norm(entry.up as unknown as Vector) > 0) || !Array.isArray(entry.cameras)) return null
  const cameras = entry.cameras.map(readCamera)
  if (!cameras.length || cameras.some((camera) => !camera)) return null
  return { cameras: cameras as Camera[], up: entry.up as unknown as Vector }
}

function readCamera(value: unknown): Camera | null {
  // 12 numbers of camera-from-world, row by row, then fx, fy, cx, cy, width, height
  if (!isNumbers(value, 18)) return null
  const rotation = fromRows([value[0], value[1], value[2]], [value[4], value[5], value[6]], [value[8], value[9], value[10]])
  const [fx, fy, cx, cy, width, height] = value.slice(12)
  if (!(fx > 0 && fy > 0 && width > 0 && height > 0)) return null
  return { rotation, center: scale(apply(transpose(rotation), [value[3], value[7], value[11]]), -1), lens: { fx, fy, cx, cy, width, height } }
}

export function readSheet(output: unknown): Sheet | null {
  const entry = firstOf(output, 'mvcustom_thumbnails')
  if (!entry || ![entry.columns, entry.rows].every((count) => Number.isInteger(count) && (count as number) > 0)) return null
  const names = [entry.filename, entry.subfolder, entry.type]
  return names.every((name) => typeof name === 'string') ? (entry as unknown as Sheet) : null
}

function firstOf(output: unknown, key: string): Record<string, unknown> | null {
  const list = typeof output === 'object' && output !== null ? (output as Record<string, unknown>)[key] : null
  const entry: unknown = Array.isArray(list) ? list[0] : null
  return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : null
}
