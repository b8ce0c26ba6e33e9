// What lies where on the picture, in its pixels: handles come first, whatever else would lie over them. Nothing here draws.

import type { Vector } from '../maths/vector'
import { isBefore, type Box } from '../drawing/eye'

export type Side = 'left' | 'right'

const HANDLE = 10 // pixels of the page from the middle of a handle that stay free
const TIED = 2 // pixels; things that lie so near to each other lie on one another

/** Something that is pressed in the picture: one of its places is enough. */
export interface Target {
  readonly places: readonly Vector[] // pixels and depth
  readonly preferred?: boolean // before others that lie on it
}

/** The number of the target nearest to a pixel, of those within reach. Of several that lie on one another, the preferred or the first. */
export function pickNearest(targets: readonly Target[], x: number, y: number, reach: number): number | null {
  const gaps = targets.map(({ places }) => Math.min(...places.filter(isBefore).map((place) => Math.hypot(place[0] - x, place[1] - y))))
  const least = Math.min(...gaps)
  if (!(least <= reach)) return null
  const tied = targets.flatMap((_, i) => (gaps[i] <= Math.min(reach, least + TIED) ? [i] : []))
  return tied.find((i) => targets[i].preferred) ?? tied[0]
}

/** The side of the picture on which the small pictures cover fewer handles; the present one where it makes no difference. */
export function chooseSide(handles: readonly Vector[], boxes: Readonly<Record<Side, readonly Box[]>>, present: Side, unit: number): Side {
  const covered = (side: Side): number => handles.filter((place) => isBefore(place) && boxes[side].some((box) => isWithin(place, box, HANDLE * unit))).length
  const other = present === 'right' ? 'left' : 'right'
  return covered(other) < covered(present) ? other : present
}

const isWithin = ([x, y]: Vector, box: Box, gap: number): boolean =>
  x > box.x - gap && x < box.x + box.width + gap && y > box.y - gap && y < box.y + box.height + gap

/** The middle of a camera's number: above the camera, or where no handle hides it. */
export function placeNumber([x, y]: Vector, handles: readonly Vector[], unit: number): readonly [number, number] {
  const places: (readonly [number, number])[] = [
    [x, y - 8 * unit],
    [x, y + 14 * unit],
    [x - 14 * unit, y],
    [x, y - 22 * unit]
  ]
  const isFree = (place: readonly [number, number]): boolean => handles.every((handle) => Math.hypot(handle[0] - place[0], handle[1] - place[1]) > 13 * unit)
  return places.find(isFree) ?? places[0]
}
