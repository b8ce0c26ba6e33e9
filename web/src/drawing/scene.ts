// The scene in three dimensions: cameras as pyramids with thumbnails, the path, the subject's sphere, the ground. One WebGL renderer serves
// all widgets on the page, because a browser allows only a few; each widget copies its picture to a canvas of its own.

import {
  AmbientLight,
  BufferAttribute,
  BufferGeometry,
  DirectionalLight,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  Texture,
  WebGLRenderer,
  type Object3D
} from 'three'
import { cornersOf, type Camera } from '../maths/camera'
import { scale, add, type Matrix, type Vector } from '../maths/vector'
import { FIELD_DEG, placeView, type Frame, type View } from './view'
import type { Sheet } from '../state/base'

export const SUBJECT_RADIUS = 0.25 // as in the plot
export const PYRAMID_DEPTH = 0.16 // world units
const GRID_HALF = 2
const GRID_STEP = 0.25

export interface Palette {
  readonly base: string
  readonly chosen: string
  readonly grid: string
  readonly subject: string
}

/** A box of the canvas, in its pixels, for the picture through a camera. */
export interface Inset {
  readonly camera: Camera
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

let renderer: WebGLRenderer | null | undefined // undefined before the first try, null where the browser has no WebGL

function findRenderer(): WebGLRenderer | null {
  if (renderer === undefined) {
    try {
      renderer = new WebGLRenderer({ antialias: true, alpha: true })
    } catch {
      renderer = null // three.js throws an Error of no kind of its own
    }
  }
  return renderer
}

export class SceneDrawing {
  private readonly scene = new Scene()
  private readonly viewer = new PerspectiveCamera(FIELD_DEG, 1, 0.01, 500)
  private readonly eye = new PerspectiveCamera()
  private readonly aids = new Group() // what a picture through a camera does not show
  private readonly fixed = new Group()
  private readonly base = new Group()
  private readonly path = new Group()

  constructor() {
    const light = new DirectionalLight(0xffffff, 2)
    light.position.set(0.4, -1, 0.6)
    this.scene.add(new AmbientLight(0xffffff, 1.4), light, this.fixed, this.aids)
    this.aids.add(this.base, this.path)
    for (const camera of [this.viewer, this.eye]) camera.matrixAutoUpdate = camera.matrixWorldAutoUpdate = false
  }

  /** Ground, axes and subject. */
  setGround(frame: Frame, palette: Palette): void {
    clear(this.fixed)
    const at = (side: number, up: number, ahead: number): Vector =>
      add(add(scale(frame.side, side), scale(frame.up, up)), scale(frame.ahead, ahead))
    const points: Vector[] = []
    for (let offset = -GRID_HALF; offset <= GRID_HALF; offset += GRID_STEP)
      points.push(
        at(offset, -SUBJECT_RADIUS, -GRID_HALF),
        at(offset, -SUBJECT_RADIUS, GRID_HALF),
        at(-GRID_HALF, -SUBJECT_RADIUS, offset),
        at(GRID_HALF, -SUBJECT_RADIUS, offset)
      )
    const grid = makeLines(points, palette.grid)
    grid.material.transparent = true
    grid.material.opacity = 0.45
    const origin = at(0, -SUBJECT_RADIUS, 0)
    const axes = [
      makeLines([origin, add(origin, scale(frame.side, 0.6))], '#e05050'),
      makeLines([origin, add(origin, scale(frame.up, 0.6))], '#50b050'),
      makeLines([origin, add(origin, scale(frame.ahead, 0.6))], '#5080e0')
    ]
    const ball = new Mesh(new SphereGeometry(SUBJECT_RADIUS, 24, 16), new MeshLambertMaterial({ color: palette.subject }))
    this.fixed.add(grid, ...axes, ball)
  }

  /** The cameras of the photographs; `images` is the sheet of thumbnails once it is loaded. */
  setBase(cameras: readonly Camera[], chosen: number, palette: Palette, sheet: Sheet | null, texture: Texture | null): void {
    clear(this.base)
    const others = cameras.filter((_, i) => i !== chosen)
    if (others.length) this.base.add(makeLines(others.flatMap((camera) => pyramidLines(camera, PYRAMID_DEPTH)), palette.base))
    if (cameras[chosen]) this.base.add(makeLines(pyramidLines(cameras[chosen], PYRAMID_DEPTH), palette.chosen))
    if (sheet && texture && cameras.length <= sheet.columns * sheet.rows) this.base.add(makeThumbnails(cameras, sheet, texture))
  }

  /** The generated views, each in its colour, and the line through their centres. */
  setPath(cameras: readonly Camera[], colors: readonly Vector[], depth: number): void {
    clear(this.path)
    const points: Vector[] = []
    const shades: Vector[] = []
    cameras.forEach((camera, i) => {
      const lines = pyramidLines(camera, depth)
      points.push(...lines)
      shades.push(...lines.map(() => colors[i]))
      if (i > 0) {
        points.push(cameras[i - 1].center, camera.center)
        shades.push(colors[i - 1], colors[i])
      }
    })
    if (points.length) this.path.add(makeLines(points, '#ffffff', shades))
  }

  /** The scene as the viewer sees it, and in a box what one camera sees of it; false where the browser has no WebGL. */
  draw(context: CanvasRenderingContext2D, view: View, frame: Frame, inset: Inset | null): boolean {
    const drawing = findRenderer()
    if (!drawing) return false
    const { width, height } = context.canvas
    const place = placeView(view, frame)
    this.viewer.aspect = width / height
    this.viewer.near = view.distance / 200
    this.viewer.far = view.distance * 20
    this.viewer.updateProjectionMatrix()
    placeEye(this.viewer, place.center, place.rotation)
    this.aids.visible = true
    const { domElement } = drawing
    if (domElement.width !== width || domElement.height !== height) drawing.setSize(width, height, false)
    drawing.setScissorTest(false)
    drawing.setViewport(0, 0, width, height)
    drawing.render(this.scene, this.viewer)
    if (inset) this.drawInset(drawing, inset, height)
    context.drawImage(domElement, 0, 0)
    return true
  }

  private drawInset(drawing: WebGLRenderer, { camera, x, y, width, height }: Inset, below: number): void {
    const { fx, fy, cx, cy, width: across, height: down } = camera.lens
    const near = 0.01
    this.eye.projectionMatrix.makePerspective((-cx / fx) * near, ((across - cx) / fx) * near, (cy / fy) * near, (-(down - cy) / fy) * near, near, 100)
    this.eye.projectionMatrixInverse.copy(this.eye.projectionMatrix).invert()
    placeEye(this.eye, camera.center, camera.rotation)
    this.aids.visible = false
    const box = [x, below - y - height, width, height] as const // WebGL counts from below
    drawing.setScissorTest(true)
    drawing.setScissor(...box)
    drawing.setViewport(...box)
    drawing.render(this.scene, this.eye)
  }

  dispose(): void {
    for (const group of [this.fixed, this.base, this.path]) clear(group)
  }
}

/** Put an OpenGL camera (y up, looking back along z) where an OpenCV one stands. */
function placeEye(eye: PerspectiveCamera, center: Vector, r: Matrix): void {
  eye.matrixWorld.set(r[0], -r[3], -r[6], center[0], r[1], -r[4], -r[7], center[1], r[2], -r[5], -r[8], center[2], 0, 0, 0, 1)
  eye.matrixWorldInverse.copy(eye.matrixWorld).invert()
}

function pyramidLines(camera: Camera, depth: number): Vector[] {
  const corners = cornersOf(camera, depth)
  return corners.flatMap((corner, i) => [camera.center, corner, corner, corners[(i + 1) % 4]])
}

function makeLines(points: readonly Vector[], color: string, shades?: readonly Vector[]): LineSegments<BufferGeometry, LineBasicMaterial> {
  const geometry = new BufferGeometry()
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(points.flat()), 3))
  if (shades) geometry.setAttribute('color', new BufferAttribute(new Float32Array(shades.flat()), 3))
  const lines = new LineSegments(geometry, new LineBasicMaterial({ color, vertexColors: Boolean(shades) }))
  lines.frustumCulled = false
  return lines
}

function makeThumbnails(cameras: readonly Camera[], sheet: Sheet, texture: Texture): Mesh {
  const positions: number[] = []
  const places: number[] = []
  const indices: number[] = []
  cameras.forEach((camera, i) => {
    const [column, line] = [i % sheet.columns, Math.floor(i / sheet.columns)]
    const [left, right] = [column / sheet.columns, (column + 1) / sheet.columns]
    const [top, bottom] = [1 - line / sheet.rows, 1 - (line + 1) / sheet.rows]
    positions.push(...cornersOf(camera, PYRAMID_DEPTH).flat())
    places.push(left, top, right, top, right, bottom, left, bottom)
    indices.push(4 * i, 4 * i + 2, 4 * i + 1, 4 * i, 4 * i + 3, 4 * i + 2)
  })
  const geometry = new BufferGeometry()
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(positions), 3))
  geometry.setAttribute('uv', new BufferAttribute(new Float32Array(places), 2))
  geometry.setIndex(indices)
  const mesh = new Mesh(geometry, new MeshBasicMaterial({ map: texture, side: DoubleSide }))
  mesh.frustumCulled = false
  return mesh
}

function clear(group: Group): void {
  for (const child of [...group.children] as (Object3D & Partial<Pick<Mesh, 'geometry' | 'material'>>)[]) {
    child.geometry?.dispose()
    for (const material of [child.material ?? []].flat()) material.dispose()
    group.remove(child)
  }
}
