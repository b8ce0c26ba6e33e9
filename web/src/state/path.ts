// The path as the node stores it, and the cameras that follow from it.

import { fitCamera, frontCamera, UP, type Camera } from '../maths/camera'
import { followCameras, parseCameraText } from '../maths/file'
import { followKeyframes } from '../maths/interpolation'
import { parseKeyframes, placeKeyframe } from '../maths/keyframes'
import { PathError } from '../maths/error'
import { easeViews, type Range } from '../maths/pace'
import { orbit, pan, slide, spiral, tilt, type Slide } from '../maths/presets'
import type { Vector } from '../maths/vector'

export type Value = string | number
export type Values = Readonly<Record<string, Value>>

/** What the node's own inputs say. */
export interface PathState {
  readonly baseView: number
  readonly width: number
  readonly height: number
  readonly views: number
  readonly kind: string
  readonly ease: string
  readonly values: Values // of the inputs of this kind of path, by name
}

/** The cameras of the photographs, as the last run saw them. */
export interface BaseCameras {
  readonly cameras: readonly Camera[]
  readonly up: Vector
}

export const KINDS = ['orbit', 'truck', 'pedestal', 'dolly', 'pan', 'tilt', 'spiral', 'keyframes', 'file']
export const AT_BASE = 'at the base view'
export const MOST_VIEWS = 256

const numberOf = (state: PathState, name: string): number => {
  const value = Number(state.values[name])
  if (!Number.isFinite(value)) throw new PathError(`${name}: wanted a finite number, got ${String(state.values[name])}`)
  return value
}
const rangeOf = (state: PathState, start: string, end: string): Range => [numberOf(state, start), numberOf(state, end)]

/** The base camera for pictures of the chosen size, and the up direction of its scene. */
export function pickBase(state: PathState, base: BaseCameras | null): { camera: Camera; up: Vector } {
  if (!base) return { camera: frontCamera(state.width, state.height), up: UP }
  const count = base.cameras.length
  if (!(state.baseView < count))
    throw new PathError(`base_view: wanted one of the ${count} base cameras, 0 to ${count - 1}, got ${state.baseView}`)
  return { camera: fitCamera(base.cameras[state.baseView], state.width, state.height), up: base.up }
}

/** The cameras of the path; `fileText` is the file's content where the path comes from a file. */
export function buildPath(state: PathState, base: BaseCameras | null, fileText: string | null = null): Camera[] {
  const { camera, up } = pickBase(state, base)
  const views = easeViews(Math.max(1, Math.min(MOST_VIEWS, Math.round(state.views))), state.ease)
  switch (state.kind) {
    case 'orbit':
      return orbit(camera, views, rangeOf(state, 'azimuth_start_deg', 'azimuth_end_deg'), numberOf(state, 'elevation_deg'), null, up)
    case 'spiral':
      return spiral(camera, views, numberOf(state, 'angle_deg'), numberOf(state, 'turns'), up)
    case 'truck':
    case 'pedestal':
    case 'dolly':
      return slide(state.kind satisfies Slide, camera, views, rangeOf(state, 'start', 'end'))
    case 'pan':
      return pan(camera, views, rangeOf(state, 'start_deg', 'end_deg'), up)
    case 'tilt':
      return tilt(camera, views, rangeOf(state, 'start_deg', 'end_deg'))
    case 'keyframes': {
      const keyframes = parseKeyframes(String(state.values.keyframes ?? ''))
      return followKeyframes(
        keyframes.map((keyframe) => placeKeyframe(camera, keyframe, up)),
        views
      )
    }
    case 'file': {
      if (fileText === null) return [camera] // until it is read
      const cameras = parseCameraText(fileText, String(state.values.file).split(/[\\/]/).pop() ?? '')
      return followCameras(camera, views, cameras, state.values.start === AT_BASE, numberOf(state, 'scale'))
    }
    default:
      throw new PathError(`path: wanted one of ${KINDS.join(', ')}, got ${state.kind}`)
  }
}
