// Keyframes that a user writes, as in mvcustom_core/path/keyframes.py. A faulty text is refused in the same words.

import type { Camera } from './camera'
import { PathError } from './error'
import { SLIDES, orbit, pan, slide, tilt } from './presets'
import type { Vector } from './vector'

export const KEYS = ['azimuth_deg', 'elevation_deg', 'distance', ...SLIDES, 'pan_deg', 'tilt_deg'] as const
export type Key = (typeof KEYS)[number]
export type Keyframe = { readonly [key in Key]?: number }

export function parseKeyframes(text: string): Keyframe[] {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw new PathError(`keyframes: wanted JSON, got ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!Array.isArray(found) || found.length < 2 || !found.every((entry) => typeof entry === 'object' && entry !== null && !Array.isArray(entry)))
    throw new PathError(`keyframes: wanted a list of two or more objects such as {"azimuth_deg": 10}, got ${quote(text).slice(0, 60)}`)
  found.forEach((keyframe: Record<string, unknown>, i) => {
    for (const [key, value] of Object.entries(keyframe)) {
      if (!(KEYS as readonly string[]).includes(key))
        throw new PathError(`keyframes, number ${i}: wanted keys of ${KEYS.join(', ')}, got ${quote(key)}`)
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new PathError(`keyframes, number ${i}: wanted ${key} to be a finite number, got ${quote(value)}`)
    }
  })
  return found as Keyframe[]
}

/** A value as Python writes it in a message. */
function quote(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return value === null ? 'None' : JSON.stringify(value)
}

/** The text that the node stores: one keyframe a line, zeros left out, four digits after the point. */
export function writeKeyframes(keyframes: readonly Keyframe[]): string {
  const lines = keyframes.map((keyframe) => {
    const pairs = KEYS.filter((key) => keyframe[key] !== undefined && (keyframe[key] !== 0 || key === 'distance'))
    return '  {' + pairs.map((key) => `"${key}": ${round(keyframe[key] as number)}`).join(', ') + '}'
  })
  return `[\n${lines.join(',\n')}\n]`
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4 + 0

/** The camera of a keyframe: the base camera rotated around the subject, then moved along its own axes, then turned. */
export function placeKeyframe(base: Camera, keyframe: Keyframe, up: Vector): Camera {
  const at = (key: Key): [number, number] => [keyframe[key] ?? 0, keyframe[key] ?? 0]
  let [camera] = orbit(base, 1, at('azimuth_deg'), keyframe.elevation_deg ?? 0, keyframe.distance ?? null, up)
  for (const kind of SLIDES) [camera] = slide(kind, camera, 1, at(kind))
  ;[camera] = pan(camera, 1, at('pan_deg'), up)
  return tilt(camera, 1, at('tilt_deg'))[0]
}
