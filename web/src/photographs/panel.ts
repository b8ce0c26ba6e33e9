// Photographs in: chosen or dropped, sent into a folder of ComfyUI's input folder, shown, and removed one by one.

import { make, makeButton } from '../widget/dom'
import { collectChosen, collectDropped, inMegabytes, sizeOf, type Choice } from './collect'
import { ServerError, type Plan, type Server } from './server'
import { STYLE } from './style'
import { makeThumbnails } from './thumbnails'

export const LEAST_HEIGHT = 170 // pixels
const PLACEHOLDER = 'my_photographs' // the name of a folder for files that were in none
const REASONS_SHOWN = 3
const FINE = 'Choose photographs or a folder, or drop them here.'

/** What the panel needs of its node. */
export interface Host {
  /** The folder's name as the node has it; null where there is nothing that could have one. */
  read(): string | null
  write(folder: string): void
  /** Let all nodes know the folders that there are now. */
  refreshFolders(): Promise<void>
  /** Whether a folder of photographs without a camera file is what the node is for. */
  readonly plain: boolean
  readonly unconnected: string // what to say of an upload where `read` gives null
}

type Mood = '' | 'bad' | 'warn'

export class Panel {
  readonly element = make('div', { class: 'mvcustom-photographs' })
  private readonly panel = make('div', { class: 'panel' })
  private readonly folders = make('select', { 'aria-label': "Folders inside ComfyUI's input folder", title: "Folders inside ComfyUI's input folder" })
  private readonly choosing: HTMLElement
  private readonly question = make('div', { class: 'row question', hidden: true })
  private readonly note = make('div', { class: 'note', role: 'status', 'aria-live': 'polite' })
  private readonly pictures = makeThumbnails((path) => this.askRemoval(path))
  private shown: string | null | undefined // the folder that is described; undefined: none yet
  private typed: string | null | undefined // the folder at the last look
  private said = 0 // sentences so far
  private described: string | null = null // the name that the server has for the folder
  private held = 0 // photographs in it

  constructor(
    private readonly host: Host,
    private readonly server: Server
  ) {
    this.choosing = make('div', { class: 'row' }, this.makeChooser('Choose photographs', false), this.makeChooser('Choose folder', true), this.folders)
    this.folders.addEventListener('change', () => this.folders.value && this.take(this.folders.value))
    this.panel.append(this.choosing, this.question, this.note, this.pictures.element)
    this.panel.style.setProperty('--least', `${LEAST_HEIGHT}px`)
    this.element.style.setProperty('--least', `${LEAST_HEIGHT}px`)
    this.element.attachShadow({ mode: 'open' }).append(make('style', {}, STYLE), this.panel)
    for (const kind of ['pointerdown', 'wheel', 'keydown', 'paste']) this.panel.addEventListener(kind, (event) => event.stopPropagation())
    this.acceptDrops()
  }

  /** Now and then: describe the folder again once its name has come to rest. */
  look(): void {
    const folder = this.host.read()
    const rests = folder === this.typed
    this.typed = folder
    const isFirst = this.shown === undefined
    if (rests && folder !== this.shown && this.element.isConnected) void this.describe(isFirst && this.said > 0) // an upload was quicker
  }

  async dropped(transfer: DataTransfer): Promise<void> {
    await this.guard(async () => this.offer(await collectDropped(transfer)))
  }

  private makeChooser(label: string, folder: boolean): HTMLElement {
    const chooser = make('input', { type: 'file', multiple: true, hidden: true, webkitdirectory: folder, 'aria-label': label })
    chooser.addEventListener('change', () => {
      const choice = collectChosen(chooser.files ?? [])
      chooser.value = '' // so that the same choice is a change again
      void this.guard(() => this.offer(choice))
    })
    const title = folder ? 'A folder with photographs, and camera files if there are any' : 'One or more photographs, and camera files if there are any'
    return make('span', { class: 'chooser' }, makeButton(label, title, () => chooser.click()), chooser)
  }

  private acceptDrops(): void {
    this.panel.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      event.stopPropagation()
      this.panel.classList.add('over')
    })
    this.panel.addEventListener('dragleave', () => this.panel.classList.remove('over'))
    this.panel.addEventListener('drop', (event) => {
      this.panel.classList.remove('over')
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      event.stopPropagation() // else ComfyUI reads them as workflows
      void this.dropped(event.dataTransfer)
    })
  }

  /** Say which files cannot be used, and ask where the others shall go. */
  private async offer(all: Choice, name = all.folder ?? PLACEHOLDER): Promise<void> {
    if (!all.files.length) return this.say('Nothing was chosen: the folder is empty.', 'bad')
    const { taken, left_out: leftOut } = await this.server.plan(PLACEHOLDER, all.files) // no name matters yet
    if (!taken.length) return this.say(`None of these can be used. ${describeLeftOut(leftOut)}`, 'bad')
    this.say(describeLeftOut(leftOut), leftOut.length ? 'warn' : '')
    const usable = new Set(taken)
    const choice = { folder: all.folder, files: all.files.filter(({ path }) => usable.has(path)) }
    const field = make('input', { type: 'text', 'aria-label': "Name of the folder inside ComfyUI's input folder", value: name })
    const count = `${inNumber(choice.files.length, 'file')}, ${inMegabytes(sizeOf(choice.files))}`
    this.ask(`${count}, into this folder of ComfyUI's input folder:`, field, ['Upload', () => this.upload(choice, field.value.trim())])
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.upload(choice, field.value.trim())
    })
    field.select()
  }

  private upload(choice: Choice, folder: string): void {
    void this.guard(async () => {
      const plan = await this.server.plan(folder, choice.files)
      if (!plan.taken.length) return this.say(`Nothing was stored. ${describeLeftOut(plan.left_out)}`, 'bad')
      if (!plan.held) return this.send(choice, folder, plan, false)
      const other = ['Other name', () => void this.guard(() => this.offer(choice, `${folder}_2`))] as const
      const holds = `input/${folder} holds ${inNumber(plan.held, 'file')} already`
      const { length } = plan.existing
      if (!length) return this.ask(`${holds}. Add these to them?`, ['Add', () => this.start(choice, folder, plan, false)], other)
      const fresh = plan.taken.filter((path) => !plan.existing.includes(path))
      const add = fresh.length ? ` and add ${fresh.length}` : ''
      const keep = [`Keep those ${length}${add}`, () => this.start(choice, folder, { ...plan, taken: fresh }, false)] as const
      this.ask(
        `${holds}, ${length} of the same name as one of these.`,
        [`Replace those ${length}${add}`, () => this.start(choice, folder, plan, true)],
        ...(fresh.length ? [keep] : []), // else it would do nothing
        other
      )
    })
  }

  private start(choice: Choice, folder: string, plan: Plan, replace: boolean): void {
    void this.guard(() => this.send(choice, folder, plan, replace))
  }

  private async send(choice: Choice, folder: string, plan: Plan, replace: boolean): Promise<void> {
    const taken = new Set(plan.taken)
    const files = choice.files.filter(({ path }) => taken.has(path))
    const bar = make('progress', { max: 1, value: 0, 'aria-label': 'Upload' })
    const cancel = new AbortController()
    this.ask(`Uploading ${inNumber(files.length, 'file')}, ${inMegabytes(sizeOf(files))}`, bar)
    this.say('', '')
    this.question.lastElementChild?.addEventListener('click', () => cancel.abort())
    await this.server.send(folder, files, replace, (share) => (bar.value = share), cancel.signal)
    this.closeQuestion()
    const missing = this.host.read() === null ? this.host.unconnected : ''
    await this.guard(() => this.host.refreshFolders()) // it may fail, which changes nothing of what is stored
    if (!missing) this.host.write(folder)
    await this.describe()
    const now = `${inNumber(files.length, 'file')} ${files.length === 1 ? 'is' : 'are'} now in input/${folder}`
    const stored = this.mood || missing ? `${now}.` : `${now}: ${inNumber(this.held, 'photograph')}.`
    this.say([stored, missing, describeLeftOut(plan.left_out), this.mood ? this.note.textContent : ''].filter(Boolean).join('\n'), this.mood)
  }

  private askRemoval(path: string): void {
    const folder = this.described
    if (folder === null) return
    this.say('', '') // of something else
    this.ask(`Delete ${path} from input/${folder} on the server? This cannot be undone.`, [
      'Delete',
      () =>
        void this.guard(async () => {
          await this.server.remove(folder, path)
          this.closeQuestion()
          await this.describe()
        })
    ])
  }

  private async describe(silently = false): Promise<void> {
    const folder = this.host.read()
    this.shown = this.typed = folder
    const said = this.said
    await this.guard(async () => {
      const { folders, described } = await this.server.list(folder ?? '')
      if (folder !== this.shown) return // another was chosen meanwhile
      this.folders.replaceChildren(make('option', { value: '' }, 'Folders …'), ...folders.map((name) => make('option', { value: name }, name)))
      this.described = described?.folder ?? null
      this.folders.value = folders.includes(this.described ?? '') ? (this.described ?? '') : ''
      this.held = described?.count ?? 0
      const shown = (described?.photographs ?? []).map((path) => ({ path, url: this.server.thumbnailUrl(this.described ?? '', path) }))
      this.pictures.show(shown, this.held)
      if (silently || said !== this.said) return // something newer is said
      if (!described || (this.host.plain && described.count)) this.say(this.count(), '')
      else if (described.solve) this.say(`No camera file is in input/${this.described ?? ''}. ${described.solve}.`, 'warn')
      else if (described.problem) this.say(described.problem, 'bad')
      else this.say(this.count(), '')
    })
  }

  private count = (): string => (this.held ? `${inNumber(this.held, 'photograph')} in input/${this.described ?? ''}.` : FINE)

  private take(folder: string): void {
    if (this.host.read() === null) return this.say(this.host.unconnected, 'warn')
    this.host.write(folder)
    void this.describe()
  }

  /** Show a sentence, fields and buttons; the last button closes it, and what is said is of the folder again. */
  private ask(words: string, ...parts: (HTMLElement | readonly [string, () => void])[]): void {
    const made = parts.map((part) => (part instanceof HTMLElement ? part : makeButton(part[0], part[0], part[1])))
    this.question.replaceChildren(make('span', { class: 'words' }, words), ...made, makeButton('Cancel', 'Cancel', () => this.cancel()))
    this.question.hidden = false
    this.choosing.hidden = true
  }

  private cancel(): void {
    this.closeQuestion()
    void this.describe()
  }

  private closeQuestion(): void {
    this.question.hidden = true
    this.question.replaceChildren()
    this.choosing.hidden = false
  }

  private get mood(): Mood {
    return (['bad', 'warn'] as const).find((mood) => this.note.classList.contains(mood)) ?? ''
  }

  private say(words: string, mood: Mood): void {
    this.said++
    this.note.textContent = words
    this.note.className = `note ${mood}`
  }

  /** Do something that asks the server; what it refuses is said on the node. */
  private async guard(work: () => void | Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.closeQuestion()
      if (error instanceof DOMException && error.name === 'AbortError') this.say('Cancelled; nothing was stored.', '')
      else if (error instanceof ServerError) this.say(error.message, 'bad')
      else if (error instanceof DOMException) this.say(`The files could not be read (${error.message}); choose them again.`, 'bad')
      else throw error
    }
  }
}

const inNumber = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Each reason once, with how many files it is true of. */
function describeLeftOut(all: Plan['left_out']): string {
  const paths = new Map<string, string[]>()
  for (const [path, reason] of all) paths.set(reason, [...(paths.get(reason) ?? []), path])
  const reasons = [...paths].map(([reason, [first, ...others]]) => `${others.length ? `${others.length + 1} files, such as ${first}` : first}: ${reason}`)
  const more = reasons.length > REASONS_SHOWN ? [`and for ${reasons.length - REASONS_SHOWN} other reasons`] : []
  return all.length ? `Left out: ${[...reasons.slice(0, REASONS_SHOWN), ...more].join('\n')}` : ''
}
