// What the server is asked about photographs in ComfyUI's input folder. Errors are its own sentences.

import type { Chosen } from './collect'

const HOME = '/mvcustom/photographs'

export interface Api {
  apiURL(path: string): string
  fetchApi(path: string, options?: RequestInit): Promise<Response>
}
export interface Described {
  folder: string | null
  photographs: string[]
  count: number
  problem: string | null
  solve: string | null // what to connect where the photographs have no camera file
}
export interface Listing {
  folders: string[]
  described: Described | null
}
export interface Plan {
  taken: string[]
  left_out: [string, string][]
  existing: string[]
  held: number
}

export class ServerError extends Error {}

export const LOST = 'The connection to the server was lost. Look whether ComfyUI runs, and try again.'
const LOST_MIDWAY = 'The connection to the server was lost; nothing was stored. Look whether ComfyUI runs, and upload again.'

export class Server {
  constructor(private readonly api: Api) {}

  list = (folder: string): Promise<Listing> => this.ask(`?${new URLSearchParams({ folder }).toString()}`)

  plan = (folder: string, files: readonly Chosen[]): Promise<Plan> =>
    this.ask('/plan', { method: 'POST', body: writeList(folder, files), headers: { 'Content-Type': 'application/json' } })

  remove = (folder: string, path: string): Promise<unknown> => this.ask(`?${new URLSearchParams({ folder, path }).toString()}`, { method: 'DELETE' })

  thumbnailUrl = (folder: string, path: string): string => this.api.apiURL(`${HOME}/thumbnail?${new URLSearchParams({ folder, path }).toString()}`)

  /** Send files, all or none. `progress` gets the share that was sent; `signal` cancels, which rejects with an AbortError. */
  send(folder: string, files: readonly Chosen[], replace: boolean, progress: (share: number) => void, signal: AbortSignal): Promise<void> {
    const form = new FormData()
    form.append('list', writeList(folder, files, replace))
    for (const { path, file } of files) form.append('file', file, encodeURIComponent(path))
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest() // fetch tells nothing of how much was sent
      request.open('POST', this.api.apiURL(HOME))
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
      request.onload = () => (request.status === 200 ? done() : fail(new ServerError(readError(request.responseText, request.status))))
      request.onerror = () => fail(new ServerError(LOST_MIDWAY))
      request.onabort = () => fail(new DOMException('cancelled', 'AbortError'))
      signal.addEventListener('abort', () => request.abort(), { once: true })
      request.send(form)
    })
  }

  private async ask<Answer>(address: string, options: RequestInit = {}): Promise<Answer> {
    let answer: Response
    try {
      answer = await this.api.fetchApi(HOME + address, options)
    } catch (error) {
      if (error instanceof TypeError) throw new ServerError(LOST)
      throw error
    }
    if (!answer.ok) throw new ServerError(readError(await answer.text(), answer.status))
    return (await answer.json()) as Answer
  }
}

function writeList(folder: string, files: readonly Chosen[], replace = false): string {
  return JSON.stringify({ folder, files: files.map(({ path, file }) => ({ path, size: file.size })), replace })
}

function readError(text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    if (typeof error === 'string') return error
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return `The server answered ${status}; see its log, and try again.`
}
