import { expect, test } from 'vitest'
import { barOf, plainLine, progressLine } from '../../cli/bar.ts'
import { Job } from '../../cli/job.ts'
import { bytesOf, spanOf } from '../../cli/units.ts'

const aJob = (change: object = {}) =>
  Job.parse({
    id: 'id',
    kind: 'copy-image-to-volume',
    project: 'p',
    status: 'running',
    step: 'copy',
    percent: 25,
    doneBytes: 2 ** 29,
    totalBytes: 2 ** 31,
    bytesPerSecond: 2 ** 26,
    etaSeconds: 24,
    attempts: 1,
    cancelRequested: false,
    createdAt: '2026-11-22T12:00:00Z',
    steps: [],
    input: {},
    ...change,
  })

test('how far a job is: a bar, percent, bytes, rate and what is left', () => {
  expect(progressLine(aJob(), 120)).toBe(
    'copy  [======>                     ]   25.0 %  512.0 MiB of 2.0 GiB  64.0 MiB/s  24 s left',
  )
  expect(plainLine(aJob())).toBe('copy   25.0 %  512.0 MiB of 2.0 GiB  64.0 MiB/s  24 s left')
})

test('the bar gives way in a narrow terminal, and nothing is longer than that', () => {
  for (let columns = 1; columns < 120; columns++)
    expect(progressLine(aJob(), columns).length).toBeLessThanOrEqual(columns)
})

test('a job without bytes says what it stands at, and what it waits for', () => {
  const none = { percent: undefined, doneBytes: 0, totalBytes: 0 }
  expect(plainLine(aJob({ ...none, status: 'queued' }))).toBe('in the queue')
  expect(plainLine(aJob({ ...none, step: 'wait', waiting: { host: 'h', ahead: 1 } }))).toBe(
    'wait, 1 job ahead',
  )
  const error = { name: 'BackendUnavailable', message: 'away' }
  expect(plainLine(aJob({ ...none, attempts: 3, error }))).toBe('copy (try 3: BackendUnavailable)')
})

test.each([0, 0.1, 50, 99.9, 100])('a bar of %s percent has its width', (percent) => {
  expect(barOf(percent, 20)).toHaveLength(20)
})

test.each([
  [0, '0 B', '0 s'],
  [1023, '1023 B', '17 min 3 s'],
  [1024, '1.0 KiB', '17 min 4 s'],
  [90_061, '88.0 KiB', '1 d 1 h'],
  [2 ** 50, '1.0 PiB', expect.any(String)],
])('%s is %s or %s', (amount, bytes, span) => {
  expect([bytesOf(amount), spanOf(amount)]).toEqual([bytes, span])
})
