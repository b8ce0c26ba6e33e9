// At which shares of the way the views of a path stand, as in mvcustom_core/path/pace.py.

import { PathError } from './error'

export type Range = readonly [number, number]
export type Views = number | readonly number[] // a number of views spaced evenly, or the share of the way of each view, 0 to 1
export const CONSTANT = 'constant'

/** Share of the way by share of time. */
const EASES: Readonly<Record<string, (time: number) => number>> = {
  [CONSTANT]: (time) => time,
  'ease in': (time) => time * time,
  'ease out': (time) => time * (2 - time),
  'ease in and out': (time) => time * time * (3 - 2 * time)
}

export function easeViews(views: number, ease: string): Views {
  if (!Object.hasOwn(EASES, ease)) throw new PathError(`ease: wanted one of ${Object.keys(EASES).join(', ')}, got '${ease}'`)
  return ease === CONSTANT ? views : walk(views, [0, 1]).map(EASES[ease])
}

/** The ease of the same path run backward. */
export const reverseEase = (ease: string): string => (ease === 'ease in' ? 'ease out' : ease === 'ease out' ? 'ease in' : ease)

/** Values from start to end, one for each view. */
export function walk(views: Views, [start, end]: Range): number[] {
  if (typeof views !== 'number') return views.map((share) => start + (end - start) * share)
  return Array.from({ length: views }, (_, i) => (views === 1 ? start : start + ((end - start) * i) / (views - 1)))
}
