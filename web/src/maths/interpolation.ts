// Smooth motion through keyframes, as in mvcustom_core/path/interpolation.py: cubic Hermite curves for the centre, a cubic rotation spline
// for the axes, at centripetal spacing.

import type { Camera, Lens } from './camera'
import { walk, type Views } from './pace'
import { findSegment, interpolateAt } from './presets'
import { fitRotations } from './spline'
import { add, multiply, norm, scale, subtract, transpose, vectorFromRotation, type Vector } from './vector'

const SAMPLES_PER_SEGMENT = 64 // of the table that inverts arc length

/** Cameras at times counted in keyframes: 0 is the first, 1 the second, 0.5 lies between. */
export function interpolateCameras(keyframes: readonly Camera[], times: readonly number[], subjectDistance = 1): Camera[] {
  const gaps = measureSteps(keyframes, subjectDistance).map(Math.sqrt)
  const largest = Math.max(...gaps)
  const knots = [0]
  for (const gap of gaps) knots.push(knots[knots.length - 1] + (largest > 0 ? Math.max(gap, 1e-6 * largest) : 1))
  const centers = keyframes.map((camera) => camera.center)
  const velocities = differentiate(centers, knots)
  const rotate = fitRotations(
    knots,
    keyframes.map((camera) => transpose(camera.rotation))
  )
  const counted = keyframes.map((_, i) => i)
  return times.map((time) => {
    const at = interpolateAt(time, counted, knots)
    const segment = Math.min(Math.floor(time), keyframes.length - 2)
    return {
      rotation: transpose(rotate(at)),
      center: evaluateHermite(at, knots, centers, velocities),
      lens: mixLenses(keyframes[segment].lens, keyframes[segment + 1].lens, time - segment)
    }
  })
}

/** Times at which the camera moves at even speed, first and last keyframe included, or at which it has gone given shares of the way. */
export function evenTimes(keyframes: readonly Camera[], views: Views, subjectDistance = 1): number[] {
  const last = keyframes.length - 1
  const dense = walk(SAMPLES_PER_SEGMENT * last + 1, [0, last])
  const steps = measureSteps(interpolateCameras(keyframes, dense, subjectDistance), subjectDistance)
  const still = steps.every((step) => step === 0)
  const travelled = [0]
  for (const step of steps) travelled.push(travelled[travelled.length - 1] + (still ? 1 : step))
  return walk(views, [0, travelled[travelled.length - 1]]).map((distance) => interpolateAt(distance, travelled, dense))
}

export function followKeyframes(keyframes: readonly Camera[], views: Views): Camera[] {
  return interpolateCameras(keyframes, evenTimes(keyframes, views))
}

/** Lengths of moves and turns from each camera to the next together. */
function measureSteps(cameras: readonly Camera[], subjectDistance: number): number[] {
  return cameras.slice(1).map((camera, i) => {
    const turn = norm(vectorFromRotation(multiply(cameras[i].rotation, transpose(camera.rotation))))
    return Math.hypot(norm(subtract(camera.center, cameras[i].center)), subjectDistance * turn)
  })
}

/** Velocities at the knots, of the parabolas through three neighbours; of two knots, the slope of the line. */
function differentiate(values: readonly Vector[], knots: readonly number[]): Vector[] {
  const last = values.length - 1
  return values.map((_, i) => {
    if (last === 1) return scale(subtract(values[1], values[0]), 1 / (knots[1] - knots[0]))
    const middle = Math.min(Math.max(i, 1), last - 1)
    const [before, after] = [knots[middle] - knots[middle - 1], knots[middle + 1] - knots[middle]]
    const slopes = [
      scale(subtract(values[middle], values[middle - 1]), 1 / before),
      scale(subtract(values[middle + 1], values[middle]), 1 / after)
    ]
    const curvature = scale(subtract(slopes[1], slopes[0]), 1 / (before + after))
    const start = subtract(slopes[0], scale(curvature, before))
    return add(start, scale(curvature, 2 * (knots[i] - knots[middle - 1])))
  })
}

function evaluateHermite(at: number, knots: readonly number[], values: readonly Vector[], velocities: readonly Vector[]): Vector {
  const i = findSegment(at, knots)
  const gap = knots[i + 1] - knots[i]
  const s = (at - knots[i]) / gap
  const rest = 1 - s
  const ends = add(scale(values[i], (1 + 2 * s) * rest * rest), scale(values[i + 1], s * s * (3 - 2 * s)))
  return add(ends, add(scale(velocities[i], gap * s * rest * rest), scale(velocities[i + 1], -gap * s * s * rest)))
}

function mixLenses(a: Lens, b: Lens, share: number): Lens {
  const blend = (key: keyof Lens): number => a[key] + share * (b[key] - a[key])
  return { ...a, fx: blend('fx'), fy: blend('fy'), cx: blend('cx'), cy: blend('cy') }
}
