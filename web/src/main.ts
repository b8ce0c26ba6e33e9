// Registers the widget with ComfyUI, and offers its mathematics to the tests.

// @ts-expect-error: ComfyUI serves this module; it has no types here
import { app as comfyApp } from '../../../scripts/app.js'
// @ts-expect-error: as above
import { api as comfyApi } from '../../../scripts/api.js'
import { PathError } from './maths/error'
import { registerPhotographs } from './photographs/register'
import { traceBase } from './state/origin'
import { hasBaseCameras, hasDefaults, homeOf, identify, listRunNames, locate, readPath, writeBaseView, writePath, type HostGraph, type HostNode } from './widget/host'
import { LEAST_HEIGHT, Panel, type Host } from './widget/panel'
import { Runs } from './widget/runs'

export * as camera from './maths/camera'
export * as edits from './state/edits'
export * as editor from './widget/editor'
export * as handles from './state/handles'
export * as history from './state/history'
export * as keyframes from './maths/keyframes'
export * as file from './maths/file'
export * as path from './state/path'
export * as base from './state/base'
export * as origin from './state/origin'
export * as warnings from './state/warnings'
export * as nudge from './state/nudge'
export * as view from './drawing/view'
export * as eye from './drawing/eye'
export * as layout from './widget/layout'
export * as model from './widget/model'
export * as host from './widget/host'

interface App {
  graph: HostGraph & { serialize(): unknown }
  nodeOutputs?: Record<string, unknown>
  canvas?: { emitBeforeChange?(): void; emitAfterChange?(): void }
  registerExtension(extension: { name: string; nodeCreated(node: HostNode): void }): void
}
interface Api {
  addEventListener(name: string, listener: (event: CustomEvent<unknown>) => void): void
  apiURL(path: string): string
  fetchApi(path: string, options?: RequestInit): Promise<Response>
}
const app = comfyApp as App
const api = comfyApi as Api

const NODE_CLASS = 'MVCustomCameraTrajectory'
const WIDGET = 'camera_path_view'
const WIDTH = 340 // pixels of a new node
const CALM_MILLISECONDS = 300 // after a change of the workflow, before it is looked at
const panels = new Set<WeakRef<Panel>>() // a panel lives as long as its element, and so as long as its node
const runs = new Runs((path) => api.fetchApi(path))

/** One step of ComfyUI's undo. */
function changeOnce(work: () => void): void {
  app.canvas?.emitBeforeChange?.()
  try {
    work()
  } finally {
    app.canvas?.emitAfterChange?.()
  }
}

function makeHost(node: HostNode): Host {
  const viewUrl = (filename: string, subfolder: string, type: string): string => `/view?${new URLSearchParams({ filename, subfolder, type }).toString()}`
  return {
    identify: () => identify(node),
    read: () => readPath(node),
    write: (path, settled) => (settled ? changeOnce(() => writePath(node, path)) : writePath(node, path)),
    hasDefaults: () => hasDefaults(node),
    chooseBase: (view) => changeOnce(() => writeBaseView(node, view)),
    hasBaseCameras: () => hasBaseCameras(node),
    output: () => app.nodeOutputs?.[locate(node) ?? ''],
    traceBase: () => traceBase(app.graph.serialize(), homeOf(node), String(node.id)),
    findLastRun: async () => {
      const run = await runs.find(app.graph.id ?? '', listRunNames(app.graph, node))
      return run && { output: run.output, trace: traceBase(run.workflow, homeOf(node), String(node.id)) }
    },
    imageUrl: (sheet) => api.apiURL(viewUrl(sheet.filename, sheet.subfolder, sheet.type)),
    fetchText: async (file) => {
      const parts = file.split(/[\\/]/)
      const answer = await api.fetchApi(viewUrl(parts[parts.length - 1], parts.slice(0, -1).join('/'), 'input'))
      if (!answer.ok) throw new PathError(`file: wanted a file inside ComfyUI's input folder to show, got '${file}'; the path appears after a run`)
      return answer.text()
    },
    upload: async (name, text) => {
      const form = new FormData()
      form.append('image', new File([text], name, { type: 'text/plain' }))
      const answer = await api.fetchApi('/upload/image', { method: 'POST', body: form })
      if (!answer.ok) throw new PathError(`file: the server did not take ${name} (${answer.status}); put it into ComfyUI's input folder by hand`)
      const stored = (await answer.json()) as { name: string; subfolder: string }
      return stored.subfolder ? `${stored.subfolder}/${stored.name}` : stored.name
    }
  }
}

function addPanel(node: HostNode): void {
  const panel = new Panel(makeHost(node))
  const widget = node.addDOMWidget(WIDGET, 'MVCUSTOM_CAMERA_PATH', panel.element, {
    serialize: false, // the node's own inputs hold the path
    hideOnZoom: false,
    getMinHeight: () => LEAST_HEIGHT
  })
  widget.serialize = false
  if (!panels.size) requestAnimationFrame(refreshAll)
  panels.add(new WeakRef(panel))
  const [width, height] = node.computeSize?.() ?? node.size
  node.setSize?.([Math.max(width, node.size[0], WIDTH), Math.max(height, node.size[1])])
}

function forEachPanel(work: (panel: Panel) => void): void {
  for (const reference of panels) {
    const panel = reference.deref()
    if (panel) work(panel)
    else panels.delete(reference)
  }
}

/** Before each frame of the screen, as long as there is a widget. */
function refreshAll(): void {
  forEachPanel((panel) => panel.refresh())
  if (panels.size) requestAnimationFrame(refreshAll)
}

/** Base cameras may be out of date after a run, and after a change of the workflow. */
function followWorkflow(): void {
  let calm: ReturnType<typeof setTimeout> | undefined
  api.addEventListener('executing', ({ detail }) => {
    if (detail === null) forEachPanel((panel) => panel.output.forgetRun()) // the run is over
  })
  api.addEventListener('graphChanged', () => {
    clearTimeout(calm)
    calm = setTimeout(() => forEachPanel((panel) => panel.output.doubt()), CALM_MILLISECONDS)
  })
}

app.registerExtension({
  name: 'mvcustom.cameraPath',
  nodeCreated(node) {
    if (node.comfyClass === NODE_CLASS) addPanel(node)
  }
})
followWorkflow()
registerPhotographs(comfyApp, comfyApi)
