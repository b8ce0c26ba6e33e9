// Draws a model on the widget's canvas: the scene first, then what lies over it.

import type { Camera } from '../maths/camera'
import { add, norm, scale } from '../maths/vector'
import { axisOf, orbit } from '../maths/presets'
import { isSlide, sweepLook } from '../state/handles'
import { drawGround, drawLayer, drawPath, drawSubject, PYRAMID_DEPTH, type Palette, type SceneParts } from '../drawing/scene'
import { eyeOfCamera, eyeOfView, project, type Box, type Eye } from '../drawing/eye'
import type { View } from '../drawing/view'
import type { Sheet } from '../state/base'
import { measureAngles } from '../state/warnings'
import { make } from './dom'
import { drawArrow, drawBox, drawHandles, drawLine, drawNumbers, drawWords, type Ink, type Projector } from './overlay'
import { chooseSide, type Side } from './layout'
import type { Model } from './model'

export interface Played {
  readonly camera: Camera
  readonly number: number
}

export interface Shown {
  readonly view: View
  readonly chosen: string | null
  readonly shown: Played | null // in the small picture
  readonly hovered: string
  readonly sheet: Sheet | null
  readonly image: HTMLImageElement | null
  readonly outdated: boolean // the base cameras: they are drawn faintly
  readonly dragging: boolean
}

interface Nearest {
  readonly number: number
  readonly angle: number // degrees
  readonly sheet: Sheet
  readonly image: HTMLImageElement
}

const GUIDE_LENGTH = 0.8 // world units of the line along which a slide is dragged, to either side
const THEME_MILLISECONDS = 500
const PICTURE_SIZE = 76 // pixels of the longer side
const MOST_HEIGHT = 0.45 // of the canvas

export class Drawing {
  private readonly context: CanvasRenderingContext2D
  private readonly layers = [makeContext(make('canvas')), makeContext(make('canvas'))]
  private layerKey: unknown[] = []
  private layerText = ''
  private size = { width: 1, height: 1 } // of the canvas on the page, CSS pixels
  private side: Side = 'right' // of the small pictures
  private unit = 1 // pixels of the canvas for one of the page
  private theme: { ink: Ink; palette: Palette; until: number } | null = null

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = makeContext(canvas)
    // Asking for the size before each frame would have the page laid out each time.
    new ResizeObserver(([{ contentRect }]) => (this.size = contentRect)).observe(canvas)
  }

  /** Fit the canvas to its place on the page; whether that changed it. */
  resized(): boolean {
    this.unit = window.devicePixelRatio || 1
    const [width, height] = [this.size.width, this.size.height].map((side) => Math.max(1, Math.round(side * this.unit)))
    if (this.canvas.width === width && this.canvas.height === height) return false
    this.canvas.width = width
    this.canvas.height = height
    return true
  }

  draw(model: Model, shown: Shown): void {
    const { context, canvas, unit } = this
    const { ink, palette } = this.readTheme()
    const eye = eyeOfView(shown.view, model.frame, canvas.width, canvas.height)
    const toPixels: Projector = (point) => project(eye, point)
    context.clearRect(0, 0, canvas.width, canvas.height)
    context.lineJoin = 'round'
    const parts = gatherParts(model, shown)
    this.drawLayers(model, shown, parts, eye, palette)
    context.drawImage(this.layers[0].canvas, 0, 0)
    drawPath(context, eye, parts, unit, true)
    drawSubject(context, eye, palette)
    context.drawImage(this.layers[1].canvas, 0, 0)
    drawPath(context, eye, parts, unit, false)
    drawNumbers(context, model.base?.cameras ?? [], model.handles, toPixels, ink, unit)
    this.drawGuides(model, toPixels, ink, unit)
    if (shown.shown) this.drawInsets(model, shown, shown.shown, toPixels)
    drawHandles(context, model.handles, shown.chosen, toPixels, ink, unit) // over everything, so that each can be seen and taken
    this.drawHovered(shown.hovered, ink, unit)
  }

  /** The words about what the pointer is on, in the corner that the small pictures leave free. */
  private drawHovered(words: string, ink: Ink, unit: number): void {
    const { context } = this
    context.font = `${11 * unit}px system-ui, sans-serif`
    context.textAlign = this.side === 'right' ? 'left' : 'right'
    const x = this.side === 'right' ? 6 * unit : this.canvas.width - 6 * unit
    words.split('\n').forEach((line, i) => drawWords(context, line, x, (14 + 13 * i) * unit, ink, unit))
  }

  /** What a drag of a handle leaves as it is, behind the subject and before it, is drawn once and kept. */
  private drawLayers({ frame, base }: Model, { view, image, outdated }: Shown, parts: SceneParts, eye: Eye, palette: Palette): void {
    const { width, height } = this.canvas
    const key = [view, base?.cameras ?? JSON.stringify(parts.base), parts.chosen, image, outdated, width, height]
    const text = JSON.stringify([frame, palette])
    if (text === this.layerText && key.every((part, i) => part === this.layerKey[i])) return
    this.layerText = text
    this.layerKey = key
    this.layers.forEach((layer, i) => {
      layer.canvas.width = width // which clears it too
      layer.canvas.height = height
      drawLayer(layer, eye, parts, palette, this.unit, i === 0)
    })
  }

  /** The small picture through the camera, and the nearest photograph above it, on the side where fewer handles lie. */
  private drawInsets(model: Model, shown: Shown, played: Played, toPixels: Projector): void {
    const { canvas, unit } = this
    const { ink, palette } = this.readTheme()
    const nearest = this.findNearest(model, shown, played.camera)
    const place = (side: Side): Box[] => placeInsets(played.camera, nearest !== null, side, canvas, unit)
    const boxes = { left: place('left'), right: place('right') }
    if (!shown.dragging) this.side = chooseSide(model.handles.map(({ at }) => toPixels(at)), boxes, this.side, unit) // they stay while one drags
    const [picture, photograph] = boxes[this.side]
    this.drawPicture(model, played, picture, palette, ink)
    if (nearest) this.drawNearest(nearest, photograph, ink)
  }

  private drawPicture(model: Model, { camera, number }: Played, box: Box, palette: Palette, ink: Ink): void {
    const { context, unit } = this
    context.save()
    context.beginPath()
    context.rect(box.x, box.y, box.width, box.height)
    context.clip()
    context.fillStyle = ink.paper
    context.fillRect(box.x, box.y, box.width, box.height)
    const eye = eyeOfCamera(camera, box)
    drawGround(context, eye, model.frame, palette, unit)
    drawSubject(context, eye, palette)
    context.restore()
    drawBox(context, box, [`view ${number}`, String(number)], ink, unit)
  }

  /** The way along which a handle moves. */
  private drawGuides(model: Model, toPixels: Projector, ink: Ink, unit: number): void {
    const { state, place, handles } = model
    if (!place || !handles.length) return
    if (state.kind === 'orbit') {
      const ring = orbit(place.camera, 73, [0, 360], Number(state.values.elevation_deg), null, place.up)
      drawLine(this.context, ring.map(({ center }) => center), toPixels, ink.faint, unit)
    } else if (isSlide(state.kind)) {
      const axis = axisOf(state.kind, place.camera)
      const ends = [-GUIDE_LENGTH, GUIDE_LENGTH].map((offset) => add(place.camera.center, scale(axis, offset)))
      drawLine(this.context, ends, toPixels, ink.faint, unit)
      drawArrow(this.context, handles[0].at, handles[1].at, toPixels, ink.text, unit)
    } else if (state.kind === 'pan' || state.kind === 'tilt') {
      const tips = sweepLook(state, place)
      drawLine(this.context, [place.camera.center, ...tips, place.camera.center], toPixels, ink.faint, unit)
    } else if (state.kind === 'keyframes') {
      const look = handles.find(({ id }) => id.startsWith('look'))
      const own = look && handles[Number(look.id.split(' ')[1])]
      if (look && own) drawLine(this.context, [own.at, look.at], toPixels, ink.faint, unit)
      if (own) drawLine(this.context, [own.at, scale(own.at, 0.25 / Math.max(0.25, norm(own.at)))], toPixels, ink.faint, unit)
    }
  }

  /** The photograph that was taken nearest to a view; null where there are none to show. */
  private findNearest({ base }: Model, { sheet, image }: Shown, camera: Camera): Nearest | null {
    if (!sheet || !image || !base) return null
    const angles = base.cameras.map((photograph) => measureAngles([camera], [photograph])[0])
    const angle = Math.min(...angles)
    return { number: angles.indexOf(angle), angle, sheet, image }
  }

  private drawNearest({ number, angle, sheet, image }: Nearest, box: Box, ink: Ink): void {
    const [cell, line] = [image.width / sheet.columns, image.height / sheet.rows]
    const [left, top] = [(number % sheet.columns) * cell, Math.floor(number / sheet.columns) * line]
    this.context.drawImage(image, left, top, cell, line, box.x, box.y, box.width, box.height)
    drawBox(this.context, box, [`camera ${number}, ${angle.toFixed(0)}°`, `${number}, ${angle.toFixed(0)}°`, String(number)], ink, this.unit)
  }

  /** The colours of ComfyUI's theme, looked at twice a second. */
  private readTheme(): { ink: Ink; palette: Palette } {
    const now = performance.now()
    if (!this.theme || now > this.theme.until) this.theme = { ...this.findTheme(), until: now + THEME_MILLISECONDS }
    return this.theme
  }

  private findTheme(): { ink: Ink; palette: Palette } {
    const style = getComputedStyle(this.canvas)
    const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise
    const text = style.color
    const paper = read('--bg-color', '#202020')
    const dark = brightness(text) > 0.5 // light text
    const palette = dark
      ? { base: '#9a9a9a', chosen: '#e8c060', grid: '#707070', light: '#a9b4c4', shade: '#59626e' }
      : { base: '#707070', chosen: '#a06a00', grid: '#a0a0a0', light: '#ccd4df', shade: '#8a95a5' }
    return { ink: { text, paper, faint: dark ? '#a8a8a8' : '#606060' }, palette }
  }
}

function makeContext(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d')
  if (!context) throw new Error('camera path: wanted a canvas with a 2d context, got none')
  return context
}

function gatherParts({ base, cameras, colors, frame, place, state }: Model, { sheet, image, outdated }: Shown): SceneParts {
  const pathDepth = PYRAMID_DEPTH * (cameras.length > 24 ? 0.5 : 0.75)
  const shown = base?.cameras ?? (place ? [place.camera] : [])
  return { frame, base: shown, chosen: base ? state.baseView : 0, path: cameras, colors, pathDepth, sheet, image, outdated }
}

/** 0 black to 1 white, of a computed CSS color. */
function brightness(color: string): number {
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ['255', '255', '255']).map(Number)
  return (0.3 * r + 0.59 * g + 0.11 * b) / (color.startsWith('color(') ? 1 : 255)
}

/** The boxes of the small picture and of the photograph above it, on one side. */
function placeInsets(camera: Camera, both: boolean, side: Side, canvas: HTMLCanvasElement, unit: number): Box[] {
  const { width, height } = camera.lens
  const most = Math.min(PICTURE_SIZE * unit, MOST_HEIGHT * canvas.height) / Math.max(width, height)
  const [across, down] = [Math.round(width * most), Math.round(height * most)]
  const gap = Math.round(4 * unit)
  const at = (wide: number): number => (side === 'right' ? canvas.width - wide - gap : gap)
  const picture = { x: at(across), y: canvas.height - down - gap, width: across, height: down }
  const size = Math.min(across, down)
  return both ? [picture, { x: at(size), y: gap, width: size, height: size }] : [picture]
}
