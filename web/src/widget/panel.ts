// The widget on the node: toolbar, picture, player, keyframes and messages, in a shadow root of its own.

import { closeCircle, closeLoop } from '../state/edits'
import { History, type Snapshot } from '../state/history'
import type { PathState } from '../state/path'
import { FIRST_VIEW, fitView, placeView, type View } from '../drawing/view'
import { Drawing } from './drawing'
import { make, STYLE } from './dom'
import { acceptCameraText } from './files'
import { Editor } from './editor'
import { listPoints, makeModel, warnAbout, type Model } from './model'
import { Output, type OutputHost } from './output'
import { Pointer, type Stage } from './pointer'
import { Player } from './player'
import { KeyframeStrip } from './strip'
import { Toolbar } from './toolbar'
import { hintFor, OUTDATED, TO_SEE } from './words'

export const LEAST_HEIGHT = 340 // pixels

/** What the widget needs of its node and of the server. */
export interface Host extends OutputHost {
  identify(): string | null
  read(): PathState
  /** Store a path; a change that is `settled` becomes a step of ComfyUI's undo, as those of a drag do when the button is released. */
  write(path: Snapshot, settled: boolean): void
  hasDefaults(): boolean // whether the inputs of the present kind of path are those of a new node
  chooseBase(view: number): void
  fetchText(file: string): Promise<string>
  upload(name: string, text: string): Promise<string>
}

/** What outlives a node that is built anew, on a switch of tabs or an undo of ComfyUI's. */
interface Memory {
  view: View
  history: History
}
const memories = new Map<string, Memory>()

export class Panel implements Stage {
  readonly element = make('div', { class: 'mvcustom-camera-path' })
  readonly canvas = make('canvas', { tabindex: 0, role: 'application', 'aria-label': 'Camera path. Arrow keys turn the view; [ and ] choose a handle, which the arrow keys then move; plus and minus zoom; space plays.' })
  readonly edit: Editor
  private memory: Memory = { view: FIRST_VIEW, history: new History() }
  private memoryName: string | null = null
  readonly output: Output
  private seenKey = ''
  private file: { name: string; text: string | null; error: string | null } = { name: '', text: null, error: null }
  private built: Model
  private message = ''
  private hovered = ''
  private stale = true
  private warned: { model: Model; words: string[] } | null = null
  private readonly note = make('div', { class: 'note', role: 'status', 'aria-live': 'polite' })
  private readonly hint = make('div', { class: 'hint' })
  private readonly toolbar: Toolbar
  private readonly strip: KeyframeStrip
  private readonly drawing = new Drawing(this.canvas)
  private readonly pointer: Pointer
  private readonly player: Player

  constructor(private readonly host: Host) {
    this.built = makeModel(host.read(), null, null, null)
    this.output = new Output(host, () => this.inputsChanged())
    this.edit = new Editor(host, () => this.built, () => this.editChanged(), (words) => this.complain(words))
    this.player = new Player(() => this.built.cameras.length, () => this.redraw())
    this.strip = new KeyframeStrip({
      choose: (at) => this.edit.choose(`keyframe ${at}`),
      store: (keyframes, chosen) => this.edit.storeKeyframes(keyframes, chosen),
      add: () => this.edit.insertAt(placeView(this.view, this.built.frame).center),
      remove: () => this.edit.removeKeyframe()
    })
    this.toolbar = new Toolbar({
      look: (view) => this.look(view),
      fit: (view) => this.fit({ ...this.view, ...view }),
      begin: (preset) => this.edit.begin(preset(this.built.state)),
      reverse: () => this.edit.reverse(),
      closeCircle: () => this.edit.store(closeCircle(this.built.state)),
      closeLoop: () => this.edit.editKeyframes(closeLoop),
      undo: () => this.edit.undo(),
      redo: () => this.edit.redo()
    })
    const stage = make('div', { class: 'stage' }, make('div', { class: 'picture' }, this.canvas), this.strip.table) // so that the table moves no button
    const foot = make('div', { class: 'foot' }, this.note, this.hint) // has room for a message whether there is one or not
    const panel = make('div', { class: 'panel' }, this.toolbar.element, stage, this.player.element, this.strip.element, foot)
    this.element.style.setProperty('--least', `${LEAST_HEIGHT}px`)
    this.element.attachShadow({ mode: 'open' }).append(make('style', {}, STYLE), panel)
    this.pointer = new Pointer(this)
    acceptCameraText(panel, (name, text) => this.takeText(name, text), (words) => this.complain(words))
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'keydown', 'keyup', 'wheel', 'dblclick', 'contextmenu', 'paste', 'copy'])
      this.element.addEventListener(type, (event) => event.stopPropagation()) // ComfyUI's own shortcuts and drags stay out
  }

  get view(): View {
    return this.memory.view
  }

  set view(view: View) {
    this.memory.view = view
  }

  model(): Model {
    return this.built
  }

  /** Look whether the node or the last run changed, and draw if anything did. Called before each frame of the screen, and nowhere else. */
  refresh(): void {
    if (!this.element.isConnected) return
    this.update()
    if (this.drawing.resized() || this.stale) this.draw()
  }

  /** Work the model out anew if the node or the last run changed. */
  private update(): void {
    const name = this.host.identify()
    if (name !== this.memoryName && name !== null) this.remember(name)
    if (name !== null) this.edit.follow()
    if (name !== null) this.output.refresh()
    const state = this.host.read()
    const key = JSON.stringify([state, this.host.hasBaseCameras()])
    if (key !== this.seenKey) this.rebuild(state, key)
  }

  /** Take over the view and the history of the node that had this name before. */
  private remember(name: string): void {
    this.memory = memories.get(name) ?? this.memory
    memories.set(name, this.memory)
    this.edit.adopt(this.memory.history)
    this.memoryName = name
    this.output.forgetRun()
    this.stale = true
  }

  private rebuild(state: PathState, key: string): void {
    this.seenKey = key
    if (state.kind === 'file') this.readFile(String(state.values.file ?? ''))
    const base = this.host.hasBaseCameras() ? this.output.base : null
    this.built = makeModel(state, base, state.kind === 'file' ? this.file.text : null, this.edit.keyframe())
    const keyframes = this.edit.keyframes()
    this.strip.show(state.kind === 'keyframes', keyframes, this.edit.keyframe())
    this.hint.textContent = hintFor(state.kind)
    this.toolbar.update(state.kind, this.edit)
    this.stale = true
  }

  private readFile(name: string): void {
    if (name === this.file.name) return
    const file = { name, text: null as string | null, error: null as string | null }
    this.file = file
    if (!name) return
    if (!/\.txt$/i.test(name)) {
      file.error = `file: ${name} is drawn on the plot after a run; camera text (.txt) is drawn here`
      return
    }
    const settle = (text: string | null, error: string | null): void => {
      ;[file.text, file.error] = [text, error]
      this.seenKey = ''
    }
    this.host.fetchText(name).then(
      (text) => settle(text, null),
      (error: unknown) => settle(null, error instanceof Error ? error.message : String(error))
    )
  }

  /** Draw at the next frame: several events of one frame are drawn once. */
  redraw(): void {
    this.stale = true
  }

  private draw(): void {
    this.stale = false
    this.player.update()
    const shown = this.player.at(this.built.cameras)
    const { sheet, image, outdated } = this.output
    const { dragging } = this.pointer
    this.drawing.draw(this.built, { view: this.view, chosen: this.edit.chosen, shown, hovered: this.hovered, sheet, image, outdated, dragging })
    this.say()
  }

  private say(): void {
    const problems = [this.message, this.built.error, this.built.state.kind === 'file' ? this.file.error : null].filter(Boolean)
    const unknown = this.host.hasBaseCameras() && !this.output.base // then the path stands somewhere else, and warnings would be about that
    const missing = unknown ? [TO_SEE] : this.output.outdated ? [OUTDATED] : []
    const warnings = this.pointer.dragging ? null : unknown ? [] : this.warn()
    if (warnings === null && !problems.length) return
    const words = [...missing, ...problems, ...(warnings ?? [])].join('\n')
    if (this.note.textContent !== words) this.note.textContent = words
    this.note.className = problems.length ? 'note bad' : 'note warn'
  }

  private warn(): string[] {
    if (this.warned?.model !== this.built) this.warned = { model: this.built, words: warnAbout(this.built) }
    return this.warned.words
  }

  hover(words: string): void {
    if (words === this.hovered) return
    this.hovered = words
    this.redraw()
  }

  private look(view: Partial<View>): void {
    this.view = { ...this.view, ...view }
    this.redraw()
  }

  /** Show all cameras, handles and the subject from the direction of a view. */
  private fit(view: View): void {
    const { clientWidth, clientHeight } = this.canvas
    this.look(fitView(view, this.built.frame, listPoints(this.built), clientWidth, clientHeight))
  }

  resetView(): void {
    this.look(FIRST_VIEW)
  }

  togglePlay(): void {
    this.player.toggle()
  }

  /** Camera text that was pasted or dropped becomes a file of the input folder, and the path. */
  private takeText(name: string, text: string): void {
    this.host.upload(name, text).then(
      (file) => this.edit.begin({ kind: 'file', values: { file } }),
      (error: unknown) => this.complain(error instanceof Error ? error.message : String(error))
    )
  }

  /** Something that the model is made of changed, be it outside of the node's inputs. */
  private inputsChanged(): void {
    this.seenKey = ''
    this.stale = true
  }

  private editChanged(): void {
    this.inputsChanged()
    this.update() // the next event of the same frame goes on from here
  }

  private complain(words: string): void {
    if (this.message === words) return
    this.message = words
    this.redraw()
  }
}
