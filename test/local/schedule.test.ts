import type { ScheduledEvent } from 'aws-lambda'
import { expect, test } from 'vitest'
import { startScheduler } from '../../local/schedule.ts'
import { parseSchedule } from '../../local/schedule-expression.ts'
import { functionsOf, serviceOf, temporaryFolder } from './harness.ts'

const time = Date.parse('2026-03-04T05:06:07Z')
const next = (expression: string) => new Date(parseSchedule(expression)(time)).toISOString()

test.each([
  ['rate(1 minute)', '2026-03-04T05:07:07.000Z'],
  ['rate(2 hours)', '2026-03-04T07:06:07.000Z'],
  ['rate(1 day)', '2026-03-05T05:06:07.000Z'],
  ['cron(0/15 * * * ? *)', '2026-03-04T05:15:00.000Z'],
  ['cron(30 3 * * ? *)', '2026-03-05T03:30:00.000Z'],
  ['cron(0 0 1 1,7 ? *)', '2026-07-01T00:00:00.000Z'],
  ['cron(0 9 ? * 2-3 *)', '2026-03-09T09:00:00.000Z'],
])('%s comes next at %s', (expression, expected) => {
  expect(next(expression)).toBe(expected)
})

test.each([
  'rate(0 minutes)',
  'rate(1 week)',
  'every minute',
  'cron(* * *)',
  'cron(0 25 * * ? *)',
  'cron(0 0 L * ? *)',
])('%s is refused', (expression) => {
  expect(() => next(expression)).toThrow()
})

const service = serviceOf(`
functions:
  often: { handler: often.handler, events: [{ schedule: { method: scheduler, rate: ['rate(1 minute)'] } }] }
`)

const scheduled = (path: string, now: () => number, often: (event: ScheduledEvent) => unknown) =>
  startScheduler(service.schedules, functionsOf(service, { often }), { path: `${path}/schedules.json`, now })

test('what was missed while nothing ran is made up for once', async () => {
  await using folder = await temporaryFolder()
  let clock = time
  const events: ScheduledEvent[] = []
  const run = () =>
    scheduled(
      folder.path,
      () => clock,
      (event) => void events.push(event),
    )

  const first = run()
  await first.runDue()
  first.stop()
  expect(events).toEqual([])

  clock += 3 * 3_600_000
  const second = run()
  await second.runDue()
  await second.runDue()
  second.stop()

  expect(events).toEqual([
    {
      version: '0',
      id: expect.any(String),
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account: '000000000000',
      time: '2026-03-04T08:06:07Z',
      region: 'us-east-1',
      resources: ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/often-1'],
      detail: '{}',
    },
  ])
})

test('a run that takes longer than its rate is not overtaken by the next', async () => {
  await using folder = await temporaryFolder()
  let clock = time
  let runs = 0
  let finish: (value?: unknown) => void = () => undefined
  const scheduler = scheduled(
    folder.path,
    () => clock,
    () => {
      runs += 1
      return new Promise((resolve) => {
        finish = resolve
      })
    },
  )

  clock += 60_000
  const slow = scheduler.runDue()
  clock += 600_000
  await scheduler.runDue()
  expect(runs).toBe(1)
  finish()
  await slow
  const late = scheduler.runDue()
  await new Promise((resolve) => setImmediate(resolve))
  finish()
  await late
  scheduler.stop()

  expect(runs).toBe(2)
})

test('a schedule can be run now, by the name of its function', async () => {
  await using folder = await temporaryFolder()
  const scheduler = scheduled(
    folder.path,
    () => time,
    () => 'ran',
  )
  const outcome = await scheduler.runNow('often')
  scheduler.stop()

  expect(outcome).toMatchObject({ result: 'ran' })
})

test('runs go on when nothing can be kept of them', async () => {
  await using folder = await temporaryFolder()
  let clock = time
  let runs = 0
  const scheduler = scheduled(
    `${folder.path}/gone`,
    () => clock,
    () => {
      runs += 1
    },
  )

  for (let minute = 0; minute < 2; minute += 1) {
    clock += 60_000
    await scheduler.runDue()
  }
  scheduler.stop()

  expect(runs).toBe(2)
})
