// Puts the panel on Load Posed Images, whose folder it chooses, and on Solve Cameras, where it chooses that of the node before it.

import { Panel, LEAST_HEIGHT, type Host } from './panel'
import { LOST, Server, ServerError, type Api } from './server'

interface Widget {
  name: string
  value: unknown
  serialize?: boolean
  options?: { values?: unknown }
  callback?: (value: unknown) => void
}
interface Graph {
  getLink?(id: unknown): { origin_id: string | number } | null | undefined
  getNodeById(id: string | number): Node | null | undefined
  setDirtyCanvas?(foreground: boolean, background: boolean): void
}
export interface Node {
  comfyClass?: string
  graph?: Graph | null
  widgets?: Widget[]
  inputs?: { name: string; link?: unknown }[]
  size: [number, number]
  setSize?(size: [number, number]): void
  computeSize?(): [number, number]
  onDragOver?: (event: DragEvent) => boolean
  onDragDrop?: (event: DragEvent) => Promise<boolean>
  addDOMWidget(name: string, type: string, element: HTMLElement, options: Record<string, unknown>): Widget
}
export interface App {
  canvas?: { emitBeforeChange?(): void; emitAfterChange?(): void }
  refreshComboInNodes?(): Promise<void>
  registerExtension(extension: { name: string; nodeCreated(node: Node): void }): void
}

const LOAD = 'MVCustomLoadPosedImages'
const SOLVE = 'MVCustomSolveCameras'
const FOLDER = 'folder'
const WIDTH = 300 // pixels of a new node
const LOOK_MILLISECONDS = 300
const panels = new Set<WeakRef<Panel>>() // they live as long as their nodes
let clock: ReturnType<typeof setInterval> | undefined // runs while there is a panel

const ownFolder = (node: Node): Widget | undefined => node.widgets?.find(({ name }) => name === FOLDER)

/** The folder of the node that is connected to the input `images`. */
function folderBefore(node: Node): Widget | undefined {
  const link = node.inputs?.find(({ name }) => name === 'images')?.link
  if (link === null || link === undefined) return undefined
  const origin = node.graph?.getLink?.(link)?.origin_id
  const before = origin === undefined ? null : node.graph?.getNodeById(origin)
  return before ? ownFolder(before) : undefined
}

function makeHost(app: App, node: Node): Host {
  const plain = node.comfyClass === SOLVE
  const find = (): Widget | undefined => (plain ? folderBefore(node) : ownFolder(node))
  return {
    plain,
    unconnected: 'Add the node Load Image (from Folder), choose this folder there, and connect it to images.',
    read: () => {
      const widget = find()
      return widget ? String(widget.value ?? '') : null
    },
    write: (folder) => {
      app.canvas?.emitBeforeChange?.() // one step of ComfyUI's undo
      const widget = find()
      if (widget) {
        widget.value = folder
        widget.callback?.(folder)
      }
      node.graph?.setDirtyCanvas?.(true, true)
      app.canvas?.emitAfterChange?.()
    },
    refreshFolders: async () => {
      try {
        await app.refreshComboInNodes?.()
      } catch (error) {
        throw error instanceof TypeError ? new ServerError(LOST) : error // what fetch throws where there is no connection
      }
    }
  }
}

function addPanel(app: App, api: Api, node: Node): void {
  const panel = new Panel(makeHost(app, node), new Server(api))
  const widget = node.addDOMWidget('photographs_in', 'MVCUSTOM_PHOTOGRAPHS', panel.element, {
    serialize: false, // the input `folder` holds the choice
    hideOnZoom: false,
    getMinHeight: () => LEAST_HEIGHT
  })
  widget.serialize = false
  node.onDragOver = (event) => event.dataTransfer?.types.includes('Files') ?? false
  node.onDragDrop = async (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return false
    await panel.dropped(event.dataTransfer)
    return true
  }
  if (!panels.size) clock = setInterval(lookAll, LOOK_MILLISECONDS)
  panels.add(new WeakRef(panel))
  const [width, height] = node.computeSize?.() ?? node.size
  node.setSize?.([Math.max(width, node.size[0], WIDTH), Math.max(height, node.size[1])])
}

function lookAll(): void {
  for (const reference of panels) {
    const panel = reference.deref()
    if (panel) panel.look()
    else panels.delete(reference)
  }
  if (!panels.size) clearInterval(clock)
}

export function registerPhotographs(app: App, api: Api): void {
  app.registerExtension({
    name: 'mvcustom.photographs',
    nodeCreated(node) {
      if (node.comfyClass === LOAD || node.comfyClass === SOLVE) addPanel(app, api, node)
    }
  })
}
