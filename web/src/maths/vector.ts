// Vectors and rotations in three dimensions. Matrices are nine numbers, row by row, and act on column vectors; angles are radians.

export type Vector = readonly [number, number, number]
export type Matrix = readonly [number, number, number, number, number, number, number, number, number]
type Quaternion = readonly [number, number, number, number] // x, y, z, w

export const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]
export const DEGREE = Math.PI / 180

export const add = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor]
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const norm = (a: Vector): number => Math.sqrt(dot(a, a)) // Math.hypot is much slower
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0]
]
export const mix = (a: Vector, b: Vector, share: number): Vector => add(scale(a, 1 - share), scale(b, share))

/** The unit vector along `a`; a zero vector stays zero. */
export function normalize(a: Vector): Vector {
  const length = norm(a)
  return length > 0 ? scale(a, 1 / length) : a
}

/** The part of `a` that is perpendicular to the unit vector `axis`. */
export const reject = (a: Vector, axis: Vector): Vector => subtract(a, scale(axis, dot(a, axis)))

export const row = (m: Matrix, i: number): Vector => [m[3 * i], m[3 * i + 1], m[3 * i + 2]]
export const fromRows = (a: Vector, b: Vector, c: Vector): Matrix => [...a, ...b, ...c] as const
export const transpose = (m: Matrix): Matrix => [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]]
export const apply = (m: Matrix, v: Vector): Vector => [
  m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
  m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
  m[6] * v[0] + m[7] * v[1] + m[8] * v[2]
]

export function multiply(a: Matrix, b: Matrix): Matrix {
  const at = (i: number, j: number): number => a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j]
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)]
}

/** a + factor * b. */
export const addScaled = (a: Matrix, b: Matrix, factor: number): Matrix => a.map((value, i) => value + factor * b[i]) as unknown as Matrix
export const skew = (v: Vector): Matrix => [0, -v[2], v[1], v[2], 0, -v[0], -v[1], v[0], 0]

export function invert(m: Matrix): Matrix {
  const [a, b, c] = [row(m, 0), row(m, 1), row(m, 2)]
  const columns = fromRows(cross(b, c), cross(c, a), cross(a, b))
  return transpose(columns.map((value) => value / dot(a, cross(b, c))) as unknown as Matrix)
}

/** The rotation about `v` by its length, right-handed. */
export function rotationFromVector(v: Vector): Matrix {
  const angle = norm(v)
  if (angle < 1e-12) return addScaled(IDENTITY, skew(v), 1)
  const across = skew(scale(v, 1 / angle))
  return addScaled(addScaled(IDENTITY, across, Math.sin(angle)), multiply(across, across), 1 - Math.cos(angle))
}

export const rotationAbout = (axis: Vector, angleDeg: number): Matrix => rotationFromVector(scale(axis, angleDeg * DEGREE))

/** The rotation vector of a rotation matrix, of a length up to pi. */
export function vectorFromRotation(m: Matrix): Vector {
  const [x, y, z, w] = quaternionFromRotation(m)
  const sine = Math.sqrt(x * x + y * y + z * z)
  const angle = 2 * Math.atan2(sine, w)
  const factor = sine > 1e-12 ? angle / sine : 2
  return [x * factor, y * factor, z * factor]
}

/** The unit quaternion with w >= 0; the largest component is found first, so that no digit is lost. */
function quaternionFromRotation(m: Matrix): Quaternion {
  const trace = m[0] + m[4] + m[8]
  const options: Quaternion[] = [
    [1 + 2 * m[0] - trace, m[3] + m[1], m[6] + m[2], m[7] - m[5]],
    [m[3] + m[1], 1 + 2 * m[4] - trace, m[7] + m[5], m[2] - m[6]],
    [m[6] + m[2], m[7] + m[5], 1 + 2 * m[8] - trace, m[3] - m[1]],
    [m[7] - m[5], m[2] - m[6], m[3] - m[1], 1 + trace]
  ]
  const largest = [0, 1, 2, 3].reduce((best, i) => (options[i][i] > options[best][best] ? i : best))
  const q = options[largest]
  const length = Math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]) * (q[3] < 0 ? -1 : 1)
  return [q[0] / length, q[1] / length, q[2] / length, q[3] / length]
}
