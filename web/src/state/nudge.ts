// Steps of a handle by the keyboard: what a drag does, in fixed steps. Nothing here draws.

import { parseKeyframes, writeKeyframes, type Key, type Keyframe } from '../maths/keyframes'
import type { PathState, Values } from './path'

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  // right, up
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1]
}

export const isStep = (key: string): boolean => key in STEPS

/** The path's values after an arrow key on a handle; `coarse` makes steps of 5 degrees or 0.05 world units. */
export function nudgeHandle(state: PathState, id: string, key: string, coarse: boolean): Values {
  const [right, up] = STEPS[key]
  const degree = coarse ? 5 : 1
  const length = degree / 100
  if (state.kind === 'keyframes') {
    const [what, number] = id.split(' ')
    const names: [Key, Key] = what === 'look' ? ['pan_deg', 'tilt_deg'] : ['azimuth_deg', 'elevation_deg']
    const step = (keyframe: Keyframe): Keyframe => ({
      ...keyframe,
      [names[0]]: (keyframe[names[0]] ?? 0) + right * degree,
      [names[1]]: (keyframe[names[1]] ?? 0) + up * degree
    })
    const keyframes = parseKeyframes(String(state.values.keyframes)).map((keyframe, i) => (i === Number(number) ? step(keyframe) : keyframe))
    return { ...state.values, keyframes: writeKeyframes(keyframes) }
  }
  const value = (name: string): number => Number(state.values[name])
  if (state.kind === 'spiral')
    return {
      angle_deg: Math.min(80, Math.max(0, value('angle_deg') + up * degree)),
      turns: Math.min(10, Math.max(0.1, Math.round((value('turns') + 0.1 * right) * 10) / 10))
    }
  const most = id === 'elevation_deg' ? 89 : id.endsWith('_deg') ? 360 : 10
  const moved = value(id) + (right + up) * (id.endsWith('_deg') ? degree : length)
  return { ...state.values, [id]: Math.max(-most, Math.min(most, Math.round(moved * 1e4) / 1e4)) }
}
