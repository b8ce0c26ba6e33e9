// What the server remembers of the runs of a workflow, so that a page that was loaded anew shows the cameras of the last one.

export interface Run {
  readonly output: unknown // of one node
  readonly workflow: unknown // as it was when it ran
}

type Ask = (path: string) => Promise<Response>

const MOST_RUNS = 5 // that are looked through, the newest first

export class Runs {
  private last: { id: string; detail: Promise<unknown> } | null = null

  constructor(private readonly ask: Ask) {}

  /** The newest run of a workflow that has an output of a node, which the run may know by one of several names. */
  async find(workflow: string, nodes: readonly string[]): Promise<Run | null> {
    const query = new URLSearchParams({ workflow_id: workflow, status: 'completed,failed,cancelled', limit: String(MOST_RUNS) })
    const { jobs } = await this.read(`/jobs?${query.toString()}`)
    for (const job of Array.isArray(jobs) ? (jobs as unknown[]) : []) {
      const detail = fieldsOf(await this.detail(String(fieldsOf(job).id)))
      const outputs = fieldsOf(detail.outputs)
      const name = nodes.find((node) => Object.hasOwn(outputs, node))
      const { extra_data: extra } = fieldsOf(detail.workflow)
      if (name !== undefined) return { output: outputs[name], workflow: fieldsOf(fieldsOf(extra).extra_pnginfo).workflow }
    }
    return null
  }

  /** A run in full; the last one that was asked for is kept, since all widgets of a workflow ask for the same. */
  private detail(id: string): Promise<unknown> {
    if (this.last?.id !== id) this.last = { id, detail: this.read(`/jobs/${encodeURIComponent(id)}`) }
    return this.last.detail
  }

  /** An answer of the server; nothing where it has none, as a ComfyUI that keeps no list of runs. */
  private async read(path: string): Promise<Fields> {
    try {
      const answer = await this.ask(path)
      return answer.ok ? fieldsOf(await answer.json()) : {}
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return {} // no connection, or no JSON
      throw error
    }
  }
}

type Fields = Readonly<Record<string, unknown>>
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
