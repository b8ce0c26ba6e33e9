// What is likely to go wrong with a path, told before it is run.

import { project, type Camera } from '../maths/camera'
import { dot, norm, normalize } from '../maths/vector'

export const FAR_DEG = 30 // from the nearest photograph; beyond it the concept has seen nothing like the view
export const APART_DEG = 60 // between two views that hardly see the same side of the subject
export const SUBJECT_RADIUS = 0.25

/** The angle about the subject from each camera to the nearest photograph, in degrees. */
export function measureAngles(cameras: readonly Camera[], photographs: readonly Camera[]): number[] {
  const directions = photographs.map((photograph) => normalize(photograph.center))
  return cameras.map((camera) => {
    const own = normalize(camera.center)
    const cosine = Math.max(-1, ...directions.map((direction) => dot(own, direction)))
    return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI
  })
}

export function findWarnings(cameras: readonly Camera[], photographs: readonly Camera[] | null): string[] {
  const numbers = (test: (camera: Camera, i: number) => boolean): number[] => cameras.flatMap((camera, i) => (test(camera, i) ? [i] : []))
  const angles = photographs ? measureAngles(cameras, photographs) : []
  const anchor = chooseAnchor(cameras)
  const apart = measureAngles(cameras, [cameras[anchor]])
  const found: [number[], string][] = [
    [numbers((camera) => norm(camera.center) < SUBJECT_RADIUS), 'inside the subject'],
    [numbers((camera) => !seesSubject(camera)), 'subject out of frame'],
    [numbers((_, i) => angles[i] > FAR_DEG), `more than ${FAR_DEG}° from every photograph`],
    [numbers((_, i) => apart[i] > APART_DEG), farFromAnchor(anchor)]
  ]
  return found.flatMap(([views, words]) => (views.length ? [`${nameViews(views)}: ${words}`] : []))
}

const farFromAnchor = (anchor: number): string =>
  `see another side than the middle view, ${anchor} (over ${APART_DEG}°). Shorten the path or add a second Estimate Anchor Depth.`

/** The view that stands nearest to all others: about the one that shows most of them. */
function chooseAnchor(cameras: readonly Camera[]): number {
  const directions = cameras.map((camera) => normalize(camera.center))
  const nearness = directions.map((own) => directions.reduce((sum, other) => sum + dot(own, other), 0))
  return nearness.indexOf(Math.max(...nearness))
}

function seesSubject(camera: Camera): boolean {
  const [x, y, depth] = project(camera, [0, 0, 0])
  return depth > 0 && x >= 0 && y >= 0 && x <= camera.lens.width && y <= camera.lens.height
}

/** "view 3", "views 0-2, 5": runs of numbers, shortened. */
export function nameViews(views: readonly number[]): string {
  const runs: [number, number][] = []
  for (const view of views) {
    const last = runs[runs.length - 1]
    if (last && view === last[1] + 1) last[1] = view
    else runs.push([view, view])
  }
  const words = runs.map(([start, end]) => (start === end ? `${start}` : `${start}-${end}`)).join(', ')
  return `view${views.length > 1 ? 's' : ''} ${words}`
}
