// What the base cameras of a node are made of: the nodes before it in a workflow as ComfyUI saves it. Two workflows whose texts are equal
// give the same base cameras, as far as files stay the same. A workflow may come from anywhere: its shape is checked.

type Fields = Readonly<Record<string, unknown>>

interface Graph {
  readonly id: string | null // of a subgraph
  readonly nodes: ReadonlyMap<string, Fields>
  readonly inputs: readonly Fields[] // of a subgraph
  readonly origins: ReadonlyMap<string, readonly [node: string, slot: unknown]> // of the links, by their ids
}

const SUBGRAPH_INPUTS = '-10' // the node that stands for the inputs of a subgraph, inside it
const INPUTS = ['base_cameras', 'photographs']

/** The nodes before the inputs of a node, with their own values, as text; null where the workflow has no such node. */
export function traceBase(workflow: unknown, subgraph: string | null, node: string): string | null {
  const graphs = readGraphs(workflow)
  const home = graphs.find(({ id }) => id === subgraph)
  const own = home?.nodes.get(node)
  if (!home || !own) return null
  const numbers = new Map<string, number>() // of the nodes that were met, in order
  const told: unknown[] = []
  const follow = (graph: Graph, input: Fields): unknown => {
    const origin = graph.origins.get(String(input.link))
    if (!origin) return null
    if (origin[0] === SUBGRAPH_INPUTS) {
      const wanted = graph.inputs[Number(origin[1])]?.name
      return listInstances(graphs, graph).map(([outer, found]) => listLinked(found).filter(({ name }) => name === wanted).map((outside) => follow(outer, outside)))
    }
    return [visit(graph, origin[0]), origin[1]]
  }
  const visit = (graph: Graph, id: string): number => {
    const name = JSON.stringify([graph.id, id])
    const known = numbers.get(name)
    if (known !== undefined) return known
    const number = numbers.size
    numbers.set(name, number)
    const found = graph.nodes.get(id) ?? {}
    const inside = graphs.find((other) => other.id !== null && other.id === found.type)
    const inputs = listLinked(found).map((input) => [input.name, follow(graph, input)])
    told.push([number, ...describe(found), inputs, inside ? [...inside.nodes.values()].map(describe).concat([...inside.origins]) : null])
    return number
  }
  const ends = listLinked(own).filter(({ name }) => INPUTS.includes(String(name)))
  return JSON.stringify([ends.map((input) => [input.name, follow(home, input)]), told])
}

/** The inputs that something is connected to; ComfyUI saves others at some times and not at others. */
const listLinked = (node: Fields): Fields[] => listOf(node.inputs).filter(({ link }) => link !== null && link !== undefined)

const describe = (node: Fields): unknown[] => [node.type, node.mode, node.widgets_values]

/** The nodes that stand for a subgraph, with the graphs that hold them. */
const listInstances = (graphs: readonly Graph[], inside: Graph): [Graph, Fields][] =>
  graphs.flatMap((graph) => [...graph.nodes.values()].flatMap((node): [Graph, Fields][] => (node.type === inside.id ? [[graph, node]] : [])))

function readGraphs(workflow: unknown): Graph[] {
  const root = fieldsOf(workflow)
  const definitions = listOf(fieldsOf(root.definitions).subgraphs)
  return [readGraph(root, null), ...definitions.map((graph) => readGraph(graph, String(graph.id)))]
}

function readGraph(graph: Fields, id: string | null): Graph {
  const links = Array.isArray(graph.links) ? (graph.links as unknown[]) : []
  return {
    id,
    inputs: listOf(graph.inputs),
    nodes: new Map(listOf(graph.nodes).map((node) => [String(node.id), node])),
    origins: new Map(
      links.map((link): [string, [string, unknown]] => {
        if (Array.isArray(link)) return [String(link[0]), [String(link[1]), link[2]]] // as a workflow's own links are saved
        const { id: name, origin_id: node, origin_slot: slot } = fieldsOf(link) // as those of a subgraph are
        return [String(name), [String(node), slot]]
      })
    )
  }
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])
