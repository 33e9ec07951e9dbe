import { expect, test } from 'vitest'
import { segmentLength } from '../../agent/segment-length.ts'

const GiB = 1024 ** 3

test('a segment that took its time is followed by one of the usual length', () => {
  expect(segmentLength(GiB, undefined)).toBe(GiB)
  expect(segmentLength(GiB, { bytes: 16 * GiB, ms: 5_000 })).toBe(GiB)
})

test('a terabyte of nothing is crossed in a few dozen strides, none of them longer than a bound', () => {
  const strides: number[] = []
  for (let [at, last] = [0, undefined as { bytes: number; ms: number } | undefined]; at < 1024 * GiB; ) {
    const bytes = segmentLength(2 * GiB, last)
    strides.push(bytes)
    at += bytes
    last = { bytes, ms: 25 }
  }

  expect(strides.length).toBeLessThan(30)
  expect(Math.max(...strides)).toBe(64 * GiB)
})

test('a stride that is long enough to be worth a process is kept', () => {
  expect(segmentLength(GiB, { bytes: 8 * GiB, ms: 1_000 })).toBe(8 * GiB)
})

test('segments an operator has set to less than a GiB stay what they are', () => {
  expect(segmentLength(1024 ** 2, { bytes: 1024 ** 2, ms: 1 })).toBe(1024 ** 2)
})
