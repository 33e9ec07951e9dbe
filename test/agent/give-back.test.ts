import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { giveBackWhenIdle } from '../../agent/give-back.ts'

const collect = vi.fn()
let taken = 0
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('gc', collect)
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => taken)
  collect.mockClear()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('memory is given back after the start, and when what a task took is no longer used', () => {
  let busy = false
  taken = 60e6
  giveBackWhenIdle(() => busy)
  vi.advanceTimersByTime(1_000)
  expect(collect).toHaveBeenCalledTimes(1)

  busy = true
  taken = 75e6
  vi.advanceTimersByTime(60_000)
  expect(collect).toHaveBeenCalledTimes(1)

  busy = false
  vi.advanceTimersByTime(30_000)
  expect(collect).toHaveBeenCalledTimes(2)
})

test('an idle agent that has not grown is left alone', () => {
  taken = 60e6
  giveBackWhenIdle(() => false)
  vi.advanceTimersByTime(1_000)
  taken = 61e6
  vi.advanceTimersByTime(600_000)

  expect(collect).toHaveBeenCalledTimes(1)
})
