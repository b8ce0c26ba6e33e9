// Edits of the path as a whole. Nothing here draws.

import { writeKeyframes, type Keyframe } from '../maths/keyframes'
import { easeViews, walk } from '../maths/pace'
import type { Snapshot } from './history'
import type { PathState, Values } from './path'

/** Turn a whole circle whose last view is one step before the first: the mean of the steps on both sides of the seam. */
export function closeCircle(state: PathState): Values {
  const start = Number(state.values.azimuth_start_deg)
  const shares = walk(easeViews(Math.max(1, state.views), state.ease), [0, 1])
  const last = shares.length - 1
  const turn = last > 0 ? 360 / (1 + (shares[1] - shares[0] + shares[last] - shares[last - 1]) / 2) : 0
  const begin = start + turn > 360 ? 0 : start
  return { ...state.values, azimuth_start_deg: begin, azimuth_end_deg: Math.round((begin + turn) * 1e4) / 1e4 }
}

const ENDS = [
  ['azimuth_start_deg', 'azimuth_end_deg'],
  ['start', 'end'],
  ['start_deg', 'end_deg']
]

/** The same path from its last view to its first; null where it cannot be turned round. */
export function reverseEnds(state: PathState): Values | null {
  const ends = state.kind === 'file' ? undefined : ENDS.find(([start]) => start in state.values)
  return ends ? { ...state.values, [ends[0]]: state.values[ends[1]], [ends[1]]: state.values[ends[0]] } : null
}

export const reverseKeyframes = (keyframes: readonly Keyframe[]): Keyframe[] => [...keyframes].reverse()

/** Keyframes that come back to the first one, the short way round. */
export function closeLoop(keyframes: readonly Keyframe[]): Keyframe[] {
  const [first, last] = [keyframes[0], keyframes[keyframes.length - 1]]
  const same = (Object.keys({ ...first, ...last }) as (keyof Keyframe)[]).every((key) => (first[key] ?? 0) === (last[key] ?? 0))
  return same ? [...keyframes] : [...keyframes, { ...first }]
}

export function insertKeyframe(keyframes: readonly Keyframe[], after: number | null, added: Keyframe): { keyframes: Keyframe[]; at: number } {
  const at = after === null ? keyframes.length : after + 1
  return { keyframes: [...keyframes.slice(0, at), added, ...keyframes.slice(at)], at }
}

/** Without one keyframe; null where only two are left, because a path needs two. */
export function removeKeyframe(keyframes: readonly Keyframe[], at: number): Keyframe[] | null {
  return keyframes.length > 2 ? keyframes.filter((_, i) => i !== at) : null
}

export function moveKeyframe(keyframes: readonly Keyframe[], from: number, to: number): Keyframe[] {
  const rest = keyframes.filter((_, i) => i !== from)
  return [...rest.slice(0, to), keyframes[from], ...rest.slice(to)]
}

type Shape = Pick<Snapshot, 'kind' | 'values'>

const orbit = (start: number, end: number): Shape => ({
  kind: 'orbit',
  values: { azimuth_start_deg: start, azimuth_end_deg: end, elevation_deg: 0 }
})
const slide = (kind: string, start: number, end: number): Shape => ({ kind, values: { start, end } })
const keys = (...keyframes: Keyframe[]): Shape => ({ kind: 'keyframes', values: { keyframes: writeKeyframes(keyframes) } })

/** Paths to begin with, by the words that people use. They keep the number of views and the ease. */
export const PRESETS: Readonly<Record<string, (state: PathState) => Shape>> = {
  'small orbit': () => orbit(-15, 15),
  'half orbit': () => orbit(-90, 90),
  turntable: (state) => ({ kind: 'orbit', values: closeCircle({ ...state, ...orbit(0, 0) }) }),
  'push in': () => slide('dolly', 0, 0.3),
  'pull back': () => slide('dolly', 0, -0.5),
  'slide right': () => slide('truck', -0.2, 0.2),
  'rise': () => slide('pedestal', 0, 0.4),
  spiral: () => ({ kind: 'spiral', values: { angle_deg: 15, turns: 1 } }),
  'swing over': () => keys({ azimuth_deg: -40 }, { elevation_deg: 35 }, { azimuth_deg: 40 }),
  'figure eight': () =>
    keys(
      {},
      { azimuth_deg: 15, elevation_deg: 8 },
      { azimuth_deg: 30 },
      { azimuth_deg: 15, elevation_deg: -8 },
      {},
      { azimuth_deg: -15, elevation_deg: 8 },
      { azimuth_deg: -30 },
      { azimuth_deg: -15, elevation_deg: -8 },
      {}
    )
}
