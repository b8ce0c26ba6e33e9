// Every change that the widget makes to the path goes through here: it is recorded for undo and stored in the node's own inputs.

import { parseKeyframes, writeKeyframes, type Keyframe } from '../maths/keyframes'
import { meetSphere, type Ray } from '../maths/ray'
import { norm, type Vector } from '../maths/vector'
import { reverseEase } from '../maths/pace'
import { insertKeyframe, removeKeyframe, reverseEnds, reverseKeyframes } from '../state/edits'
import { History, type Snapshot } from '../state/history'
import { makeKeyframe } from '../state/handles'
import type { Values } from '../state/path'
import type { Host } from './panel'
import type { Model } from './model'

export class Editor {
  chosen: string | null = null // the handle that the keyboard moves
  private history = new History()

  constructor(
    private readonly host: Host,
    private readonly model: () => Model,
    private readonly changed: () => void,
    private readonly complain: (words: string) => void
  ) {}

  get canUndo(): boolean {
    return this.history.canUndo
  }

  get canRedo(): boolean {
    return this.history.canRedo
  }

  private snapshot(): Snapshot {
    const { kind, values, ease } = this.host.read()
    return { kind, values, ease }
  }

  /** Take over what changed outside of the widget, such as the kind of path in the node's own input. */
  follow(): void {
    const restored = this.history.follow(this.snapshot(), () => this.host.hasDefaults(), performance.now())
    if (restored) this.restore(restored)
  }

  /** Go on with the history of a node that was built anew; what it holds is the user's or an undo of ComfyUI's, and stays. */
  adopt(history: History): void {
    this.history = history
    history.follow(this.snapshot(), () => false, performance.now())
  }

  private change(next: Snapshot, merge = false, settled = true): void {
    this.follow()
    this.write(next, settled)
    this.history.advance(this.snapshot(), merge)
    this.changed()
  }

  private write(next: Snapshot, settled: boolean): void {
    this.host.write(next, settled)
    this.complain('')
  }

  /** Store another path with the present ease. */
  begin(path: Pick<Snapshot, 'kind' | 'values'>): void {
    this.change({ ...path, ease: this.model().state.ease })
  }

  /** Store values of the present kind of path. */
  store(values: Values): void {
    this.begin({ kind: this.model().state.kind, values })
  }

  /** Store values in the middle of a drag, of which the first are recorded. */
  storeDragged(values: Values, first: boolean): void {
    const { kind, ease } = this.model().state
    this.change({ kind, values, ease }, !first, false)
  }

  undo(): void {
    this.follow()
    this.go(this.history.undo())
  }

  redo(): void {
    this.follow()
    this.go(this.history.redo())
  }

  private go(step: Snapshot | null): void {
    if (!step) return
    this.restore(step)
    this.changed()
  }

  private restore(step: Snapshot): void {
    this.write(step, true)
    this.history.settle(this.snapshot())
  }

  chooseBase(view: number): void {
    this.host.chooseBase(view)
    this.changed()
  }

  reverse(): void {
    const { state } = this.model()
    const [keyframes, chosen] = [this.keyframes(), this.keyframe()]
    const values = keyframes ? { keyframes: writeKeyframes(reverseKeyframes(keyframes)) } : reverseEnds(state)
    if (!values) return this.complain(`A path of the kind ${state.kind} is not turned round.`)
    if (keyframes && chosen !== null) this.chosen = `keyframe ${keyframes.length - 1 - chosen}`
    this.change({ kind: state.kind, values, ease: reverseEase(state.ease) })
  }

  /** The keyframe whose handle is chosen. */
  keyframe(): number | null {
    const number = /^(?:keyframe|look) (\d+)$/.exec(this.chosen ?? '')?.[1]
    return number === undefined || this.host.read().kind !== 'keyframes' ? null : Number(number)
  }

  choose(handle: string | null): void {
    this.chosen = handle
    this.changed()
  }

  /** The keyframes as they are stored; null where the path has none, or faulty ones. */
  keyframes(): Keyframe[] | null {
    const { state, error } = this.model()
    return state.kind === 'keyframes' && error === null ? parseKeyframes(String(state.values.keyframes)) : null
  }

  editKeyframes(work: (keyframes: readonly Keyframe[]) => Keyframe[]): void {
    const keyframes = this.keyframes()
    if (keyframes) this.storeKeyframes(work(keyframes), this.keyframe())
  }

  storeKeyframes(keyframes: readonly Keyframe[], chosen: number | null): void {
    this.chosen = chosen === null ? null : `keyframe ${chosen}`
    this.store({ keyframes: writeKeyframes(keyframes) })
  }

  /** A keyframe where the ray meets the sphere on which the base camera stands. */
  addKeyframe(ray: Ray): void {
    const { place, state } = this.model()
    if (state.kind !== 'keyframes') return this.complain('Alt+click adds a keyframe where the path is keyframes; choose keyframes above.')
    if (place) this.insertAt(meetSphere(ray, [0, 0, 0], norm(place.camera.center), ray.origin))
  }

  insertAt(point: Vector): void {
    const { place } = this.model()
    const present = this.keyframes()
    if (!place || !present) return
    const { keyframes, at } = insertKeyframe(present, this.keyframe(), makeKeyframe(point, place))
    this.storeKeyframes(keyframes, at)
  }

  removeKeyframe(): void {
    const [at, present] = [this.keyframe(), this.keyframes()]
    if (at === null || !present) return
    const left = removeKeyframe(present, at)
    if (left) this.storeKeyframes(left, Math.min(at, left.length - 1))
    else this.complain('A path needs two keyframes.')
  }
}
