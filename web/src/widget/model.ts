// Everything that the widget shows, worked out from the node's inputs and the last run. Nothing here draws.

import { forwardOf, type Camera } from '../maths/camera'
import { PathError } from '../maths/error'
import { listHandles, type Handle, type Placement } from '../state/handles'
import { buildPath, pickBase, type BaseCameras, type PathState } from '../state/path'
import { FAR_DEG, SUBJECT_RADIUS, findWarnings, measureAngles } from '../state/warnings'
import { makeFrame, type Frame } from '../drawing/view'
import { colorViews } from './overlay'
import { add, scale, type Vector } from '../maths/vector'
import { PYRAMID_DEPTH } from '../drawing/scene'

export interface Model {
  readonly state: PathState
  readonly base: BaseCameras | null
  readonly place: Placement | null // null where the base camera is missing
  readonly frame: Frame
  readonly cameras: readonly Camera[] // of the path; the base camera alone where the path is faulty
  readonly colors: readonly Vector[]
  readonly handles: readonly Handle[]
  readonly error: string | null
}

export function makeModel(state: PathState, base: BaseCameras | null, fileText: string | null, selected: number | null): Model {
  const words: string[] = []
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof PathError)) throw error
      words.push(error.message)
      return otherwise
    }
  }
  const fallback = base ? { camera: base.cameras[0], up: base.up } : pickBase(state, null)
  const place = attempt(() => pickBase(state, base), null)
  const cameras = place ? attempt(() => buildPath(state, base, fileText), [place.camera]) : []
  const handles = place ? attempt(() => listHandles(state, place, selected), []) : []
  const angles = base ? measureAngles(cameras, base.cameras) : null
  return {
    state,
    base,
    place,
    frame: makeFrame(fallback.camera.center, fallback.up),
    cameras,
    colors: colorViews(cameras.length, angles, FAR_DEG),
    handles,
    error: words[0] ?? null
  }
}

export const warnAbout = (model: Model): string[] => (model.cameras.length ? findWarnings(model.cameras, model.base?.cameras ?? null) : [])

/** What a view of everything holds: the subject, and every camera with its handles. */
export function listPoints({ base, place, frame, cameras, handles }: Model): Vector[] {
  const reach = [frame.side, frame.up, frame.ahead].flatMap((axis) => [scale(axis, SUBJECT_RADIUS), scale(axis, -SUBJECT_RADIUS)])
  const shown = [...(base?.cameras ?? (place ? [place.camera] : [])), ...cameras]
  const ends = shown.flatMap((camera) => [camera.center, add(camera.center, scale(forwardOf(camera), PYRAMID_DEPTH))])
  return [...reach, ...ends, ...handles.map(({ at }) => at)]
}
