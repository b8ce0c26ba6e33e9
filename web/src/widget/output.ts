// What the last run of the node gave: the base cameras and small pictures of their photographs, and whether a run now would give the same.

import { readBase, readSheet, type Sheet } from '../state/base'
import type { BaseCameras } from '../state/path'

/** The node's output in the last run that the server remembers, and what the base cameras were made of in it. */
export interface LastRun {
  readonly output: unknown
  readonly trace: string | null
}

export interface OutputHost {
  hasBaseCameras(): boolean // whether something is connected there
  output(): unknown // of the last run that this page saw
  findLastRun(): Promise<LastRun | null>
  traceBase(): string | null // what the base cameras would be made of in a run now
  imageUrl(sheet: Sheet): string
}

export class Output {
  base: BaseCameras | null = null
  sheet: Sheet | null = null
  image: HTMLImageElement | null = null // of the sheet, once it is loaded
  outdated = false // whether a run now would have other base cameras
  private seen: unknown
  private trace: string | null = null // of the run that the base cameras are of; null where it is not known
  private question: object | null = null // the present one about the last run
  private sure = true

  constructor(
    private readonly host: OutputHost,
    private readonly changed: () => void
  ) {}

  /** Ask for the last run again: another node is shown, or a run is over. */
  forgetRun(): void {
    this.question = null
  }

  /** Look again whether the base cameras are out of date: the workflow changed. */
  doubt(): void {
    this.sure = false
  }

  /** Follow what changed since the last call. */
  refresh(): void {
    const output = this.host.output()
    if (output !== this.seen) {
      this.seen = output
      this.trace = null // until the run is over
      this.show(output)
    }
    if (!this.host.hasBaseCameras()) return
    if (!this.question) this.recall()
    if (!this.sure) this.compare()
  }

  /** Take over what the last run gave, where this page saw none. */
  private recall(): void {
    const question = (this.question = {})
    void this.host.findLastRun().then((run) => {
      if (!run || question !== this.question) return // there is none, or it was asked anew
      if (this.seen === undefined) this.show(run.output)
      this.trace = run.trace
      this.sure = false
    })
  }

  private compare(): void {
    this.sure = true
    const outdated = this.base !== null && this.trace !== null && this.host.traceBase() !== this.trace
    if (outdated === this.outdated) return
    this.outdated = outdated
    this.changed()
  }

  private show(output: unknown): void {
    this.base = readBase(output)
    this.sheet = readSheet(output)
    this.image = null
    this.sure = false
    if (this.sheet) this.loadImage(this.sheet)
    this.changed()
  }

  private loadImage(sheet: Sheet): void {
    const image = new Image()
    image.onload = () => {
      if (sheet !== this.sheet) return // another is shown meanwhile
      this.image = image
      this.changed()
    }
    image.src = this.host.imageUrl(sheet)
  }
}
