// Draws a model on the widget's canvas: the scene first, then what lies over it. Parts of the scene that did not change are kept.

import type { Texture } from 'three'
import type { Camera } from '../maths/camera'
import { norm, scale } from '../maths/vector'
import { orbit } from '../maths/presets'
import { SceneDrawing, PYRAMID_DEPTH, type Inset, type Palette } from '../drawing/scene'
import { placeView, projectToView, type View } from '../drawing/view'
import type { Sheet } from '../state/base'
import { measureAngles } from '../state/warnings'
import { drawBox, drawHandles, drawLine, drawNumbers, drawWords, type Ink, type Projector } from './overlay'
import type { Model } from './model'

export interface Shown {
  readonly view: View
  readonly chosen: string | null
  readonly shown: { camera: Camera; number: number } | null // in the small picture
  readonly hovered: string
  readonly sheet: Sheet | null
  readonly texture: Texture | null
}

const INSET_SIZE = 92 // pixels of the longer side

export class Drawing {
  private readonly scene = new SceneDrawing()
  private readonly context: CanvasRenderingContext2D
  private groundKey = ''
  private baseKey: unknown[] = []
  private pathKey: unknown = null

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d')
    if (!context) throw new Error('camera path: wanted a canvas with a 2d context, got none')
    this.context = context
  }

  /** Fit the canvas to its place on the page; whether that changed it. */
  resized(): boolean {
    const unit = window.devicePixelRatio || 1
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) => Math.max(1, Math.round(side * unit)))
    if (this.canvas.width === width && this.canvas.height === height) return false
    this.canvas.width = width
    this.canvas.height = height
    return true
  }

  forgetBase(): void {
    this.baseKey = []
  }

  /** False where the browser has no WebGL. */
  draw(model: Model, shown: Shown): boolean {
    const { context, canvas } = this
    const unit = canvas.width / Math.max(1, canvas.clientWidth)
    const { ink, palette } = this.readTheme()
    this.updateScene(model, shown, palette)
    const inset = shown.shown ? placeInset(shown.shown.camera, canvas, unit) : null
    context.clearRect(0, 0, canvas.width, canvas.height)
    const drawn = this.scene.draw(context, shown.view, model.frame, inset)
    const eye = placeView(shown.view, model.frame)
    const toPixels: Projector = (point) => projectToView(eye, point, canvas.width, canvas.height)
    if (model.base) drawNumbers(context, model.base.cameras, toPixels, ink, unit)
    this.drawGuides(model, toPixels, ink, unit)
    drawHandles(context, model.handles, shown.chosen, toPixels, ink, unit)
    if (inset && shown.shown) this.drawNearest(model, shown, shown.shown.camera, inset, ink, unit)
    if (inset && shown.shown) drawBox(context, inset.x, inset.y, inset.width, inset.height, `view ${shown.shown.number}`, ink, unit)
    if (shown.hovered) {
      context.font = `${11 * unit}px system-ui, sans-serif`
      context.textAlign = 'left'
      drawWords(context, shown.hovered, 6 * unit, 14 * unit, ink, unit)
    }
    return drawn
  }

  private updateScene(model: Model, shown: Shown, palette: Palette): void {
    const ground = JSON.stringify([model.frame, palette])
    if (ground !== this.groundKey) {
      this.scene.setGround(model.frame, palette)
      this.groundKey = ground
      this.baseKey = []
    }
    const base = [model.base, model.base ? null : model.place?.camera.center.join(), model.state.baseView, shown.texture]
    if (base.some((part, i) => part !== this.baseKey[i]) || !this.baseKey.length) {
      const cameras = model.base?.cameras ?? (model.place ? [model.place.camera] : [])
      this.scene.setBase(cameras, model.base ? model.state.baseView : 0, palette, shown.sheet, shown.texture)
      this.baseKey = base
    }
    if (model.cameras !== this.pathKey) {
      this.scene.setPath(model.cameras, model.colors, PYRAMID_DEPTH * (model.cameras.length > 24 ? 0.5 : 0.75))
      this.pathKey = model.cameras
    }
  }

  /** The way along which a handle moves. */
  private drawGuides(model: Model, toPixels: Projector, ink: Ink, unit: number): void {
    const { state, place, handles } = model
    if (!place || !handles.length) return
    if (state.kind === 'orbit') {
      const ring = orbit(place.camera, 73, [0, 360], Number(state.values.elevation_deg), null, place.up)
      drawLine(this.context, ring.map(({ center }) => center), toPixels, ink.faint, unit)
    } else if (state.kind === 'pan' || state.kind === 'tilt')
      for (const handle of handles) drawLine(this.context, [place.camera.center, handle.at], toPixels, ink.faint, unit)
    else if (state.kind === 'keyframes') {
      const look = handles.find(({ id }) => id.startsWith('look'))
      const own = look && handles[Number(look.id.split(' ')[1])]
      if (look && own) drawLine(this.context, [own.at, look.at], toPixels, ink.faint, unit)
      if (own) drawLine(this.context, [own.at, scale(own.at, 0.25 / Math.max(0.25, norm(own.at)))], toPixels, ink.faint, unit)
    }
  }

  /** The photograph that was taken nearest to the view, beside the small picture. */
  private drawNearest(model: Model, { sheet, texture }: Shown, camera: Camera, inset: Inset, ink: Ink, unit: number): void {
    const image = texture?.image as HTMLImageElement | undefined
    if (!sheet || !image || !model.base) return
    const angles = model.base.cameras.map((photograph) => measureAngles([camera], [photograph])[0])
    const nearest = angles.indexOf(Math.min(...angles))
    const [cell, line] = [image.width / sheet.columns, image.height / sheet.rows]
    const size = Math.min(inset.width, inset.height)
    const x = inset.x - size - 4 * unit
    this.context.drawImage(image, (nearest % sheet.columns) * cell, Math.floor(nearest / sheet.columns) * line, cell, line, x, inset.y, size, size)
    drawBox(this.context, x, inset.y, size, size, `camera ${nearest}, ${angles[nearest].toFixed(0)}°`, ink, unit)
  }

  private readTheme(): { ink: Ink; palette: Palette } {
    const style = getComputedStyle(this.canvas)
    const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise
    const text = style.color
    const paper = read('--bg-color', '#202020')
    const dark = brightness(text) > 0.5 // light text
    const palette = dark
      ? { base: '#9a9a9a', chosen: '#e8c060', grid: '#606060', subject: '#7d8794' }
      : { base: '#707070', chosen: '#a06a00', grid: '#a0a0a0', subject: '#98a3b3' }
    return { ink: { text, paper, faint: dark ? '#a8a8a8' : '#606060' }, palette }
  }

  dispose(): void {
    this.scene.dispose()
  }
}

/** 0 black to 1 white, of a computed CSS color. */
function brightness(color: string): number {
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ['255', '255', '255']).map(Number)
  return (0.3 * r + 0.59 * g + 0.11 * b) / (color.startsWith('color(') ? 1 : 255)
}

function placeInset(camera: Camera, canvas: HTMLCanvasElement, unit: number): Inset {
  const { width, height } = camera.lens
  const most = (INSET_SIZE * unit) / Math.max(width, height)
  const [across, down] = [Math.round(width * most), Math.round(height * most)]
  const gap = Math.round(4 * unit)
  return { camera, x: canvas.width - across - gap, y: canvas.height - down - gap, width: across, height: down }
}
