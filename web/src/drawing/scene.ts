// The scene in three dimensions: cameras as pyramids with thumbnails, the path, the subject's sphere, the ground. It is a few hundred lines,
// a ball and small pictures, which a plain canvas draws in a few milliseconds on any machine, and for any number of nodes.

import { cornersOf, type Camera } from '../maths/camera'
import { add, cross, norm, normalize, scale, subtract, type Vector } from '../maths/vector'
import { SUBJECT_RADIUS } from '../state/warnings'
import type { Sheet } from '../state/base'
import { isBefore, project, projectLine, type Eye } from './eye'
import type { Frame } from './view'

export const PYRAMID_DEPTH = 0.16 // world units
const GRID_HALF = 2
const GRID_STEP = 0.25
const AXIS_LENGTH = 0.6
const OUTLINE_POINTS = 48

export interface Palette {
  readonly base: string
  readonly chosen: string
  readonly grid: string
  readonly light: string // of the subject
  readonly shade: string
}

export interface SceneParts {
  readonly frame: Frame
  readonly base: readonly Camera[]
  readonly chosen: number
  readonly path: readonly Camera[]
  readonly colors: readonly Vector[] // of the path's views, 0 to 1
  readonly pathDepth: number // of the path's pyramids, world units
  readonly sheet: Sheet | null
  readonly image: HTMLImageElement | null // of the sheet, once it is loaded
  readonly outdated: boolean // the base cameras
}

type Line = readonly [Vector, Vector]

/** Whether a point lies on the far side of the subject. */
const isBehind = (eye: Eye, point: Vector): boolean => norm(subtract(point, eye.center)) > norm(eye.center)

/** What stays while the path is drawn by hand: the ground with the cameras behind the subject, or those before it. */
export function drawLayer(context: CanvasRenderingContext2D, eye: Eye, parts: SceneParts, palette: Palette, unit: number, behind: boolean): void {
  if (behind) drawGround(context, eye, parts.frame, palette, unit)
  context.globalAlpha = parts.outdated ? 0.4 : 1
  drawBase(context, eye, parts, (point) => isBehind(eye, point) === behind, palette, unit)
  context.globalAlpha = 1
}

/** The views of the path behind the subject, or those before it. */
export function drawPath(context: CanvasRenderingContext2D, eye: Eye, parts: SceneParts, unit: number, behind: boolean): void {
  parts.path.forEach((camera, i) => {
    if (isBehind(eye, camera.center) !== behind) return
    const before = parts.path[i - 1]
    const own = pyramidLines(camera, parts.pathDepth)
    strokeLines(context, eye, before ? [[before.center, camera.center], ...own] : own, nameColor(parts.colors[i]), 1.2 * unit)
  })
}

/** What a picture through a camera shows: ground and subject. */
export function drawGround(context: CanvasRenderingContext2D, eye: Eye, frame: Frame, palette: Palette, unit: number): void {
  const at = (side: number, ahead: number): Vector =>
    add(add(scale(frame.side, side), scale(frame.up, -SUBJECT_RADIUS)), scale(frame.ahead, ahead))
  const lines: Line[] = []
  for (let offset = -GRID_HALF; offset <= GRID_HALF; offset += GRID_STEP)
    lines.push([at(offset, -GRID_HALF), at(offset, GRID_HALF)], [at(-GRID_HALF, offset), at(GRID_HALF, offset)])
  context.globalAlpha = 0.5
  strokeLines(context, eye, lines, palette.grid, unit * 0.8)
  context.globalAlpha = 1
  const axes: [Vector, string][] = [
    [frame.side, '#e05050'],
    [frame.up, '#50b050'],
    [frame.ahead, '#5080e0']
  ]
  for (const [axis, color] of axes) strokeLines(context, eye, [[at(0, 0), add(at(0, 0), scale(axis, AXIS_LENGTH))]], color, unit * 1.2)
}

/** The ball about the origin, by the outline that it has from the eye. */
export function drawSubject(context: CanvasRenderingContext2D, eye: Eye, palette: Palette): void {
  const distance = norm(eye.center)
  if (distance <= SUBJECT_RADIUS) return
  const toward = normalize(eye.center)
  const middle = scale(toward, SUBJECT_RADIUS ** 2 / distance)
  const radius = SUBJECT_RADIUS * Math.sqrt(1 - (SUBJECT_RADIUS / distance) ** 2)
  const across = normalize(cross(toward, Math.abs(toward[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]))
  const along = cross(toward, across)
  const outline = Array.from({ length: OUTLINE_POINTS }, (_, i) => {
    const angle = (2 * Math.PI * i) / OUTLINE_POINTS
    return project(eye, add(middle, add(scale(across, radius * Math.cos(angle)), scale(along, radius * Math.sin(angle)))))
  })
  if (!outline.every(isBefore)) return
  const [x, y] = project(eye, middle)
  const size = Math.max(...outline.map((point) => Math.hypot(point[0] - x, point[1] - y)))
  const shading = context.createRadialGradient(x - size * 0.35, y - size * 0.45, size * 0.1, x, y, size)
  shading.addColorStop(0, palette.light)
  shading.addColorStop(1, palette.shade)
  context.beginPath()
  for (const point of outline) context.lineTo(point[0], point[1])
  context.closePath()
  context.fillStyle = shading
  context.fill()
}

function drawBase(
  context: CanvasRenderingContext2D,
  eye: Eye,
  parts: SceneParts,
  belongs: (point: Vector) => boolean,
  palette: Palette,
  unit: number
): void {
  const { base, chosen } = parts
  const numbers = base.map((_, i) => i).filter((i) => belongs(base[i].center))
  if (parts.sheet && parts.image) drawThumbnails(context, eye, base, numbers, parts.sheet, parts.image)
  const others = numbers.filter((i) => i !== chosen)
  const lines = others.flatMap((i) => pyramidLines(base[i], PYRAMID_DEPTH))
  strokeLines(context, eye, lines, palette.base, unit)
  if (numbers.includes(chosen)) strokeLines(context, eye, pyramidLines(base[chosen], PYRAMID_DEPTH), palette.chosen, 1.6 * unit)
}

const nameColor = (color: Vector): string => `rgb(${color.map((value) => Math.round(255 * value)).join(' ')})`

function pyramidLines(camera: Camera, depth: number): Line[] {
  const corners = cornersOf(camera, depth)
  return corners.flatMap((corner, i): Line[] => [
    [camera.center, corner],
    [corner, corners[(i + 1) % 4]]
  ])
}

function strokeLines(context: CanvasRenderingContext2D, eye: Eye, lines: readonly Line[], color: string, width: number): void {
  context.beginPath()
  for (const [start, end] of lines) {
    const ends = projectLine(eye, start, end)
    if (!ends) continue
    context.moveTo(ends[0][0], ends[0][1])
    context.lineTo(ends[1][0], ends[1][1])
  }
  context.lineWidth = width
  context.strokeStyle = color
  context.stroke()
}

/** Small pictures on the pyramids, the farthest first. They are so small that a parallelogram stands in for their true outline. */
function drawThumbnails(
  context: CanvasRenderingContext2D,
  eye: Eye,
  base: readonly Camera[],
  numbers: readonly number[],
  sheet: Sheet,
  image: HTMLImageElement
): void {
  const [width, height] = [image.width / sheet.columns, image.height / sheet.rows]
  const away = (i: number): number => norm(subtract(base[i].center, eye.center))
  context.save()
  for (const i of [...numbers].sort((a, b) => away(b) - away(a))) {
    const [corner, right, , below] = cornersOf(base[i], PYRAMID_DEPTH).map((point) => project(eye, point))
    if (![corner, right, below].every(isBefore) || i >= sheet.columns * sheet.rows) continue
    const [a, b] = [(right[0] - corner[0]) / width, (right[1] - corner[1]) / width]
    const [c, d] = [(below[0] - corner[0]) / height, (below[1] - corner[1]) / height]
    context.setTransform(a, b, c, d, corner[0], corner[1])
    context.drawImage(image, (i % sheet.columns) * width, Math.floor(i / sheet.columns) * height, width, height, 0, 0, width, height)
  }
  context.restore()
}
