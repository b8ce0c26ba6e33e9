// Where a ray from the viewer meets the shapes along which handles are dragged.

import { add, dot, norm, normalize, scale, subtract, type Vector } from './vector'

export interface Ray {
  readonly origin: Vector
  readonly direction: Vector // unit
}

/** The point of a sphere under the ray: of two, the one nearer to `near`; of none, the one that the ray passes closest. */
export function meetSphere(ray: Ray, center: Vector, radius: number, near: Vector): Vector {
  const toCenter = subtract(center, ray.origin)
  const along = dot(toCenter, ray.direction)
  const closest = add(ray.origin, scale(ray.direction, along))
  const gap = norm(subtract(closest, center))
  if (gap >= radius || along < 0) return add(center, scale(normalize(subtract(closest, center)), radius))
  const half = Math.sqrt(radius * radius - gap * gap)
  const [first, second] = [along - half, along + half].map((distance) => add(ray.origin, scale(ray.direction, distance)))
  return norm(subtract(first, near)) <= norm(subtract(second, near)) ? first : second
}

/** How far along a line, from `point` in the unit direction `axis`, the ray passes closest to it; null where they are parallel. */
export function meetLine(ray: Ray, point: Vector, axis: Vector): number | null {
  const between = subtract(point, ray.origin)
  const cosine = dot(axis, ray.direction)
  const spread = 1 - cosine * cosine
  if (spread < 1e-4) return null
  return (cosine * dot(between, ray.direction) - dot(between, axis)) / spread
}

const LEAST_SLOPE = 0.1 // sine of the angle between ray and plane

/** Where the ray meets the plane through `point` with a unit normal; null where it runs along the plane or away from it. */
export function meetPlane(ray: Ray, point: Vector, normal: Vector): Vector | null {
  const slope = dot(ray.direction, normal)
  const distance = dot(subtract(point, ray.origin), normal) / slope
  return Math.abs(slope) > LEAST_SLOPE && distance > 0 ? add(ray.origin, scale(ray.direction, distance)) : null
}
