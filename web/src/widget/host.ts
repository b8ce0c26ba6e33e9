// The node in ComfyUI: its own inputs are read and written here, and nowhere else. Nothing of ComfyUI is changed.

import { CONSTANT } from '../maths/pace'
import type { Snapshot } from '../state/history'
import type { PathState, Value } from '../state/path'

export interface HostWidget {
  name: string
  value: unknown
  serialize?: boolean
  options?: { values?: unknown }
  callback?: (value: unknown) => void
}

export interface HostGraph {
  id?: string
  isRootGraph?: boolean
  nodes?: HostNode[]
  setDirtyCanvas?: (foreground: boolean, background: boolean) => void
}

type Spec = readonly [type: unknown, details?: { readonly default?: unknown; readonly options?: readonly unknown[] }]

interface PathOption {
  readonly key: string
  readonly inputs?: { readonly required?: Readonly<Record<string, Spec>> }
}

/** What the server says of the node, as far as it is read here. */
interface NodeData {
  readonly input?: { readonly required?: { readonly path?: readonly [unknown, { readonly options?: readonly PathOption[] }?] } }
}

export interface HostNode {
  constructor: { nodeData?: NodeData }
  id: string | number
  comfyClass?: string
  graph?: HostGraph | null
  widgets?: HostWidget[]
  inputs?: { name: string; link?: unknown }[]
  size: [number, number]
  subgraph?: HostGraph // what the node stands for, if for a subgraph
  setSize?: (size: [number, number]) => void
  computeSize?: () => [number, number]
  addDOMWidget(name: string, type: string, element: HTMLElement, options: Record<string, unknown>): HostWidget
}

const PREFIX = 'path.'

const find = (node: HostNode, name: string): HostWidget | undefined => node.widgets?.find((widget) => widget.name === name)
const count = (node: HostNode, name: string, otherwise: number): number => {
  const value = Number(find(node, name)?.value)
  return Number.isFinite(value) ? value : otherwise
}

export function readPath(node: HostNode): PathState {
  const inner = (node.widgets ?? []).filter((widget) => widget.name.startsWith(PREFIX))
  return {
    baseView: count(node, 'base_view', 0),
    width: count(node, 'width', 512),
    height: count(node, 'height', 512),
    views: count(node, 'views', 8),
    kind: String(find(node, 'path')?.value ?? ''),
    ease: String(find(node, 'ease')?.value ?? CONSTANT),
    values: Object.fromEntries(inner.map((widget) => [widget.name.slice(PREFIX.length), widget.value as Value]))
  }
}

/** Store another path in the node's inputs; a kind that changes brings inputs of its own. */
export function writePath(node: HostNode, { kind, values, ease }: Snapshot): void {
  const chosen = { path: kind, ease }
  for (const [name, value] of Object.entries(chosen)) {
    const chooser = find(node, name)
    if (chooser && chooser.value !== value) set(chooser, value)
  }
  for (const [name, value] of Object.entries(values)) {
    const widget = find(node, PREFIX + name)
    if (widget && widget.value !== value) set(widget, value)
  }
  node.graph?.setDirtyCanvas?.(true, false) // links and groups stay where they are
}

/** Whether the inputs of the present kind of path hold what a new node holds. What the node is made from says so; else it is not known. */
export function hasDefaults(node: HostNode): boolean {
  const { kind, values } = readPath(node)
  const options = node.constructor.nodeData?.input?.required?.path?.[1]?.options
  const inputs = options?.find(({ key }) => key === kind)?.inputs?.required
  if (!inputs) return false
  return Object.entries(values).every(([name, value]) => {
    const [type, details] = inputs[name] ?? []
    const choices = Array.isArray(type) ? type : details?.options
    return value === (details?.default ?? choices?.[0])
  })
}

export function writeBaseView(node: HostNode, view: number): void {
  const widget = find(node, 'base_view')
  if (widget) set(widget, view)
  node.graph?.setDirtyCanvas?.(true, false) // links and groups stay where they are
}

export const hasBaseCameras = (node: HostNode): boolean =>
  (node.inputs ?? []).some(({ name, link }) => name === 'base_cameras' && link !== null && link !== undefined)

function set(widget: HostWidget, value: Value): void {
  widget.value = value
  widget.callback?.(value)
}

/** The node's name among the outputs that the front end keeps: in a subgraph, the subgraph's id comes first. */
export function locate(node: HostNode): string | null {
  if (!node.graph) return null
  const home = homeOf(node)
  return home === null ? String(node.id) : `${home}:${String(node.id)}`
}

/** The subgraph that holds the node; null outside of any. */
export const homeOf = (node: HostNode): string | null => (node.graph?.isRootGraph === false ? (node.graph.id ?? null) : null)

/** The node's names in a run, which unfolds subgraphs: one for each place at which its subgraph stands. */
export function listRunNames(root: HostGraph, node: HostNode): string[] {
  if (node.graph === root) return [String(node.id)]
  const inside = ({ id, subgraph }: HostNode): string[] => (subgraph ? listRunNames(subgraph, node).map((name) => `${id}:${name}`) : [])
  return (root.nodes ?? []).flatMap(inside)
}

/** A name that no other node of any open workflow has. */
export const identify = (node: HostNode): string | null => (node.graph ? `${node.graph.id ?? ''}:${String(node.id)}` : null)
