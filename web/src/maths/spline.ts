// The curve of the rotations through keyframes: between two keyframes the rotation vector is a cubic of time, and the angular rate and the
// angular acceleration are continuous, as in scipy's RotationSpline. The rates at the inner keyframes solve a block tridiagonal system that
// is linear but for one term, which is iterated.

import {
  IDENTITY,
  add,
  addScaled,
  apply,
  cross,
  dot,
  invert,
  multiply,
  norm,
  rotationFromVector,
  scale,
  skew,
  subtract,
  transpose,
  vectorFromRotation,
  type Matrix,
  type Vector
} from './vector'
import { findSegment } from './presets'

const SMALL = 1e-4 // radians below which the series stand in for the closed forms
const LARGEST_TURN = Math.PI - 1e-3 // radians from one keyframe to the next; beyond it rounding decides which way round it goes
const MOST_ITERATIONS = 10
const TOLERANCE = 1e-9

export type RotationCurve = (time: number) => Matrix

/**
 * The curve through world-from-camera rotations at growing times: half-way between the spline there and the spline back, which counts the
 * turn of each segment from its other keyframe, so that it is the same from either end.
 */
export function fitRotations(times: readonly number[], rotations: readonly Matrix[]): RotationCurve {
  const there = fitSpline(times, rotations)
  const turns = rotations.slice(1).map((rotation, i) => norm(vectorFromRotation(multiply(transpose(rotations[i]), rotation))))
  if (Math.max(...turns) > LARGEST_TURN) return there
  const last = times[times.length - 1]
  const back = fitSpline([...times].reverse().map((time) => last - time), [...rotations].reverse())
  return (time) => {
    const [first, second] = [there(time), back(last - time)]
    return multiply(first, rotationFromVector(scale(vectorFromRotation(multiply(transpose(first), second)), 0.5)))
  }
}

function fitSpline(times: readonly number[], rotations: readonly Matrix[]): RotationCurve {
  const gaps = times.slice(1).map((time, i) => time - times[i])
  const turns = gaps.map((_, i) => vectorFromRotation(multiply(transpose(rotations[i]), rotations[i + 1])))
  const { starts, ends } = solveRates(gaps, turns)
  return (time) => {
    const i = findSegment(time, times)
    const [gap, since] = [gaps[i], time - times[i]]
    const share = since / gap
    const [first, last] = [scale(starts[i], gap), scale(ends[i], gap)] // the cubic of Hermite from 0 to the whole turn
    const cubic = subtract(add(first, last), scale(turns[i], 2))
    const square = subtract(scale(turns[i], 3), add(scale(first, 2), last))
    const vector = scale(add(first, scale(add(square, scale(cubic, share)), share)), share)
    return multiply(rotations[i], rotationFromVector(vector))
  }
}

/** Derivatives of the rotation vector at the start and at the end of each segment. */
function solveRates(gaps: readonly number[], turns: readonly Vector[]): { starts: Vector[]; ends: Vector[] } {
  const mean = turns.map((turn, i) => scale(turn, 1 / gaps[i]))
  const count = gaps.length
  if (count === 1) return { starts: mean, ends: mean }
  const fromRate = turns.map(rateToDerivative)
  const toRate = turns.map(derivativeToRate)
  const inner = count - 1 // keyframes with a segment on both sides
  const lower = Array.from({ length: inner }, (_, i) => scaleMatrix(toRate[i], 2 / gaps[i]))
  const upper = Array.from({ length: inner }, (_, i) => scaleMatrix(fromRate[i + 1], 2 / gaps[i + 1]))
  const middle = Array.from({ length: inner }, (_, i) => 4 * (1 / gaps[i] + 1 / gaps[i + 1]))
  const constant = Array.from({ length: inner }, (_, i) => scale(add(scale(turns[i], gaps[i] ** -2), scale(turns[i + 1], gaps[i + 1] ** -2)), 6))
  constant[0] = subtract(constant[0], apply(lower[0], mean[0]))
  constant[inner - 1] = subtract(constant[inner - 1], apply(upper[inner - 1], mean[count - 1]))
  let rates: Vector[] = mean.slice(0, inner) // at the inner keyframes
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const right = constant.map((value, i) => subtract(value, quadraticTerm(turns[i], apply(fromRate[i], rates[i]))))
    const solved = solveBlocks(lower, middle, upper, right)
    const settled = solved.every((rate, i) => rate.every((value, k) => Math.abs(value - rates[i][k]) < TOLERANCE * (1 + Math.abs(value))))
    rates = solved
    if (settled) break
  }
  return { starts: [mean[0], ...rates], ends: [...rates, mean[count - 1]].map((rate, i) => apply(fromRate[i], rate)) }
}

/** Solve lower[i] x[i-1] + middle[i] x[i] + upper[i] x[i+1] = right[i] by elimination from the first block to the last. */
function solveBlocks(lower: Matrix[], middle: number[], upper: Matrix[], right: Vector[]): Vector[] {
  const factors: Matrix[] = []
  const values: Vector[] = []
  for (let i = 0; i < right.length; i++) {
    let pivot = scaleMatrix(IDENTITY, middle[i])
    let value = right[i]
    if (i > 0) {
      pivot = addScaled(pivot, multiply(lower[i], factors[i - 1]), -1)
      value = subtract(value, apply(lower[i], values[i - 1]))
    }
    const inverse = invert(pivot)
    factors.push(multiply(inverse, upper[i]))
    values.push(apply(inverse, value))
  }
  for (let i = right.length - 2; i >= 0; i--) values[i] = subtract(values[i], apply(factors[i], values[i + 1]))
  return values
}

/** The matrix that takes an angular rate to the derivative of the rotation vector. */
function rateToDerivative(vector: Vector): Matrix {
  const angle = norm(vector)
  const second = angle > SMALL ? (1 - (0.5 * angle) / Math.tan(0.5 * angle)) / angle ** 2 : 1 / 12 + angle ** 2 / 720
  const across = skew(vector)
  return addScaled(addScaled(IDENTITY, across, 0.5), multiply(across, across), second)
}

/** The inverse of `rateToDerivative`. */
function derivativeToRate(vector: Vector): Matrix {
  const angle = norm(vector)
  const first = angle > SMALL ? (1 - Math.cos(angle)) / angle ** 2 : 0.5 - angle ** 2 / 24
  const second = angle > SMALL ? (angle - Math.sin(angle)) / angle ** 3 : 1 / 6 - angle ** 2 / 120
  const across = skew(vector)
  return addScaled(addScaled(IDENTITY, across, -first), multiply(across, across), second)
}

/** What the angular acceleration has besides the second derivative of the rotation vector. */
function quadraticTerm(vector: Vector, derivative: Vector): Vector {
  const angle = norm(vector)
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  const large = angle > SMALL
  const first = large ? (2 - 2 * cosine - angle * sine) / angle ** 4 : 1 / 12 - angle ** 2 / 180
  const second = large ? (3 * sine - 2 * angle - angle * cosine) / angle ** 5 : -1 / 60 + angle ** 2 / 1260
  const third = large ? (angle - sine) / angle ** 3 : 1 / 6 - angle ** 2 / 120
  const across = cross(vector, derivative)
  const along = add(scale(across, first), scale(cross(vector, across), second))
  return add(scale(along, dot(vector, derivative)), scale(cross(derivative, across), third))
}

const scaleMatrix = (m: Matrix, factor: number): Matrix => m.map((value) => value * factor) as unknown as Matrix
