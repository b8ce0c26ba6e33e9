// What can be dragged for each kind of path, and what a drag makes of the path's values. Nothing here draws.

import { anglesOf, forwardOf, rightOf, type Camera } from '../maths/camera'
import { placeKeyframe, parseKeyframes, writeKeyframes, type Keyframe } from '../maths/keyframes'
import { axisOf, orbit, pan, SLIDES, slide, spiral, tilt, type Slide } from '../maths/presets'
import { meetLine, meetPlane, meetSphere, type Ray } from '../maths/ray'
import { add, cross, dot, norm, normalize, reject, scale, subtract, type Vector } from '../maths/vector'
import type { PathState, Values } from './path'

export interface Handle {
  readonly id: string
  readonly at: Vector
  readonly label: string // shown beside it
}

/** A drag from one ray to another. `start` is the path when it began; `now` is the path at present, for angles that wind. */
export interface Drag {
  readonly start: PathState
  readonly now: PathState
  readonly handle: Handle // as it was at the start
  readonly from: Ray
  readonly to: Ray
  readonly snap: boolean
  readonly distance: boolean // move a keyframe along its line to the subject
}

export interface Placement {
  readonly camera: Camera // the base camera
  readonly up: Vector
}

export const LOOK_LENGTH = 0.45 // world units from a camera to the handle that turns it
const SNAP_DEG = 5
const SNAP_LENGTH = 0.05
const LEAST_DISTANCE = 0.05

const degrees = (value: number): string => `${Number(value.toFixed(1))}°`
const nameEnd = (id: string): string => (id.startsWith('start') ? 'first view' : 'last view')
const lookFrom = (camera: Camera): Vector => add(camera.center, scale(forwardOf(camera), LOOK_LENGTH))

export function listHandles(state: PathState, place: Placement, selected: number | null): Handle[] {
  const value = (name: string): number => Number(state.values[name])
  const { camera, up } = place
  if (state.kind === 'orbit') {
    const [start, end, elevation] = [value('azimuth_start_deg'), value('azimuth_end_deg'), value('elevation_deg')]
    const at = (azimuth: number): Vector => orbit(camera, 1, [azimuth, azimuth], elevation, null, up)[0].center
    return [
      { id: 'azimuth_start_deg', at: at(start), label: `first view ${degrees(start)}` },
      { id: 'azimuth_end_deg', at: at(end), label: `last view ${degrees(end)}` },
      { id: 'elevation_deg', at: at((start + end) / 2), label: `elevation ${degrees(elevation)}` }
    ]
  }
  if (isSlide(state.kind)) {
    const kind = state.kind
    return ['start', 'end'].map((id) => ({
      id,
      at: slide(kind, camera, 1, [value(id), value(id)])[0].center,
      label: `${nameEnd(id)} ${Number(value(id).toFixed(3))}`
    }))
  }
  if (state.kind === 'pan' || state.kind === 'tilt')
    return ['start_deg', 'end_deg'].map((id) => {
      const angle: [number, number] = [value(id), value(id)]
      const [turned] = state.kind === 'pan' ? pan(camera, 1, angle, up) : tilt(camera, 1, angle)
      return { id, at: lookFrom(turned), label: `${nameEnd(id)} ${degrees(value(id))}` }
    })
  if (state.kind === 'spiral') {
    const last = spiral(camera, 2, value('angle_deg'), value('turns'), up)[1]
    return [{ id: 'spiral', at: last.center, label: `last view: angle ${degrees(value('angle_deg'))}, turns ${value('turns').toFixed(1)}` }]
  }
  return state.kind === 'keyframes' ? listKeyframes(state, place, selected) : []
}

export const isSlide = (kind: string): kind is Slide => (SLIDES as string[]).includes(kind)

const SWEEP_STEPS = 24

/** Where the line of sight points along a pan or a tilt, from start to end. */
export function sweepLook(state: PathState, { camera, up }: Placement): Vector[] {
  const range: [number, number] = [Number(state.values.start_deg), Number(state.values.end_deg)]
  const turned = state.kind === 'pan' ? pan(camera, SWEEP_STEPS, range, up) : tilt(camera, SWEEP_STEPS, range)
  return turned.map(lookFrom)
}

function listKeyframes(state: PathState, place: Placement, selected: number | null): Handle[] {
  const cameras = parseKeyframes(String(state.values.keyframes)).map((keyframe) => placeKeyframe(place.camera, keyframe, place.up))
  const handles = cameras.map((camera, i) => ({ id: `keyframe ${i}`, at: camera.center, label: String(i) }))
  const chosen = selected === null ? undefined : cameras[selected]
  return chosen ? [...handles, { id: `look ${selected}`, at: lookFrom(chosen), label: 'turn' }] : handles
}

/** The path's values after a drag. */
export function dragHandle(drag: Drag, place: Placement): Values {
  const { start, handle } = drag
  if (start.kind === 'orbit') return { ...start.values, ...dragOrbit(drag, place) }
  if (isSlide(start.kind)) {
    const offset = meetLine(drag.to, place.camera.center, axisOf(start.kind, place.camera))
    return offset === null ? drag.now.values : { ...start.values, [handle.id]: clamp(snap(offset, drag.snap, SNAP_LENGTH, 1e3), 10) }
  }
  if (start.kind === 'pan' || start.kind === 'tilt') return { ...start.values, [handle.id]: clamp(snap(dragTurn(drag, place), drag.snap), 360) }
  if (start.kind === 'spiral') return { ...start.values, ...dragSpiral(drag, place) }
  if (start.kind === 'keyframes') return { ...start.values, keyframes: writeKeyframes(dragKeyframe(drag, place)) }
  return start.values
}

function dragOrbit(drag: Drag, { camera, up }: Placement): Values {
  const sphere = (): Vector => meetSphere(drag.to, [0, 0, 0], norm(camera.center), drag.handle.at)
  if (drag.handle.id === 'elevation_deg') {
    const own = anglesOf(camera.center, camera.center, up).elevation
    return { elevation_deg: clamp(snap(anglesOf(sphere(), camera.center, up).elevation - own, drag.snap), 89) }
  }
  const hit = meetPlane(drag.to, drag.handle.at, normalize(up)) ?? sphere() // of the circle, so that a drag goes all the way round
  const { azimuth } = anglesOf(hit, camera.center, up)
  const wound = wind(azimuth, Number(drag.now.values[drag.handle.id]))
  return { [drag.handle.id]: clamp(snap(wound, drag.snap), 360) }
}

/** The angle plus full turns that lies nearest to another. */
const wind = (angle: number, near: number): number => angle + 360 * Math.round((near - angle) / 360)

function dragTurn(drag: Drag, { camera, up }: Placement): number {
  const hit = meetSphere(drag.to, camera.center, LOOK_LENGTH, drag.handle.at)
  const axis = drag.start.kind === 'pan' ? scale(normalize(up), -1) : rightOf(camera)
  const [ahead, aimed] = [forwardOf(camera), subtract(hit, camera.center)].map((direction) => reject(direction, axis))
  const angle = (Math.atan2(dot(cross(ahead, aimed), axis), dot(ahead, aimed)) * 180) / Math.PI
  return wind(angle, Number(drag.now.values[drag.handle.id]))
}

function dragSpiral(drag: Drag, { camera, up }: Placement): Values {
  const hit = meetSphere(drag.to, [0, 0, 0], norm(camera.center), drag.handle.at)
  const own = anglesOf(camera.center, camera.center, up).elevation
  const { azimuth, elevation } = anglesOf(hit, camera.center, up)
  const [right, above] = [azimuth, elevation - own]
  const turns = Math.atan2(right, above) / (2 * Math.PI)
  const wound = turns + Math.round(Number(drag.now.values.turns) - turns)
  return {
    angle_deg: Math.min(80, Math.max(0, snap(Math.hypot(right, above), drag.snap))),
    turns: Math.min(10, Math.max(0.1, snap(wound, drag.snap, 0.5, 10)))
  }
}

function dragKeyframe(drag: Drag, { camera, up }: Placement): Keyframe[] {
  const keyframes = parseKeyframes(String(drag.start.values.keyframes))
  const [what, number] = drag.handle.id.split(' ')
  const old = keyframes[Number(number)]
  const own = placeKeyframe(camera, old, up)
  const changed = what === 'look' ? turnKeyframe(drag, old, own, up) : moveKeyframe(drag, old, own, camera, up)
  return keyframes.map((keyframe, i) => (i === Number(number) ? changed : keyframe))
}

function turnKeyframe(drag: Drag, old: Keyframe, own: Camera, up: Vector): Keyframe {
  const [from, to] = [drag.from, drag.to].map((ray) =>
    anglesOf(subtract(meetSphere(ray, own.center, LOOK_LENGTH, drag.handle.at), own.center), forwardOf(own), up)
  )
  return {
    ...old,
    pan_deg: snap((old.pan_deg ?? 0) - wind(to.azimuth - from.azimuth, 0), drag.snap),
    tilt_deg: snap((old.tilt_deg ?? 0) + to.elevation - from.elevation, drag.snap)
  }
}

function moveKeyframe(drag: Drag, old: Keyframe, own: Camera, base: Camera, up: Vector): Keyframe {
  if (drag.distance) {
    const [from, to] = [drag.from, drag.to].map((ray) => meetLine(ray, [0, 0, 0], normalize(own.center)))
    if (from === null || to === null) return old
    const moved = (old.distance ?? norm(base.center)) + to - from
    return { ...old, distance: Math.max(LEAST_DISTANCE, snap(moved, drag.snap, SNAP_LENGTH, 1e3)) }
  }
  const [from, to] = [drag.from, drag.to].map((ray) => anglesOf(meetSphere(ray, [0, 0, 0], norm(own.center), own.center), base.center, up))
  return {
    ...old,
    azimuth_deg: snap((old.azimuth_deg ?? 0) + wind(to.azimuth - from.azimuth, 0), drag.snap),
    elevation_deg: snap((old.elevation_deg ?? 0) + to.elevation - from.elevation, drag.snap)
  }
}

/** A keyframe where the ray meets the sphere on which the base camera stands, or where the viewer stands. */
export function makeKeyframe(point: Vector, place: Placement): Keyframe {
  const { camera, up } = place
  const own = anglesOf(camera.center, camera.center, up).elevation
  const { azimuth, elevation } = anglesOf(point, camera.center, up)
  const keyframe = { azimuth_deg: snap(azimuth, false), elevation_deg: snap(elevation - own, false) }
  const distance = norm(point)
  return Math.abs(distance - norm(camera.center)) < 1e-3 ? keyframe : { ...keyframe, distance: snap(distance, false, 1, 1e3) }
}

function snap(value: number, coarse: boolean, step = SNAP_DEG, parts = 10): number {
  return coarse ? Math.round(Math.round(value / step) * step * 1e6) / 1e6 : Math.round(value * parts) / parts
}

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value))
