// The history of a path for undo and redo, and the values that each kind of path had last. Nothing here draws.

import type { Values } from './path'

/** What one step of the history holds: the kind of path, its values and the ease go back and forth together. */
export interface Snapshot {
  readonly kind: string
  readonly values: Values
  readonly ease: string
}

const LONGEST = 100 // steps
const PAUSE = 800 // milliseconds; changes of the node's inputs that follow faster are one step, as of a number that is typed or dragged

/** Whatever changes the path is told here, be it the widget or the node's own inputs: else an undo would skip what it did not see. */
export class History {
  private present: Snapshot | null = null
  private readonly past: Snapshot[] = []
  private future: Snapshot[] = []
  private readonly latest = new Map<string, Values>() // by kind of path
  private begun = false // whether the present drag has its step
  private outside = -Infinity // when the last step was made outside of the widget; never, if the widget made it

  get canUndo(): boolean {
    return this.past.length > 0
  }

  get canRedo(): boolean {
    return this.future.length > 0
  }

  /** The widget changed the path; `merge` makes it one step with the change before, as in the middle of a drag. */
  advance(now: Snapshot, merge = false): void {
    this.outside = -Infinity
    if (!merge) this.begun = false
    if (this.present && isSame(this.present, now)) return // the first moves of a drag may change nothing
    this.step(now, merge && this.begun)
    this.begun = true
  }

  /**
   * Take over a path that was changed outside of the widget, at a time in milliseconds. A kind of path that comes back with the values of a
   * new node (`fresh`) had other ones before: these are returned, to be stored in its inputs.
   */
  follow(now: Snapshot, fresh: () => boolean, time: number): Snapshot | null {
    const before = this.present
    if (before && isSame(before, now)) return null
    const known = before && before.kind !== now.kind ? this.latest.get(now.kind) : undefined
    const restored = known && fresh() ? { ...now, values: known } : null
    this.step(restored ?? now, before !== null && before.kind === now.kind && time - this.outside < PAUSE)
    this.outside = before ? time : -Infinity
    return restored && !isSame(restored, now) ? restored : null
  }

  /** What the node made of a path that was just stored in it. */
  settle(now: Snapshot): void {
    this.present = now
    this.latest.set(now.kind, now.values)
  }

  undo(): Snapshot | null {
    return this.go(this.past, this.future)
  }

  redo(): Snapshot | null {
    return this.go(this.future, this.past)
  }

  private step(now: Snapshot, merge: boolean): void {
    if (this.present && !merge) this.past.push(this.present)
    if (this.past.length > LONGEST) this.past.shift()
    this.future = []
    this.settle(now)
  }

  private go(from: Snapshot[], to: Snapshot[]): Snapshot | null {
    const next = from.pop()
    if (!next || !this.present) return null
    to.push(this.present)
    this.outside = -Infinity
    this.settle(next)
    return next
  }
}

function isSame(a: Snapshot, b: Snapshot): boolean {
  const names = Object.keys(a.values)
  return a.kind === b.kind && a.ease === b.ease && names.length === Object.keys(b.values).length && names.every((name) => a.values[name] === b.values[name])
}
