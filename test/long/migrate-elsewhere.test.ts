import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobRecord } from '../../lib/jobs/record.ts'
import { everything } from '../conformance/state.ts'
import { cancelledAt, ended, inTemplate, queued } from '../jobs/cluster-jobs.ts'
import { filled } from '../jobs/host-jobs.ts'
import { startTwoLocations, type TwoLocations } from '../jobs/two-locations.ts'

let system: TwoLocations
beforeAll(async () => {
  system = await startTwoLocations()
})
afterAll(() => system[Symbol.asyncDispose]())

const volume = { id: 'v' }
const onEast = { ...volume, host: 'h@east#pool' }
const toEast = { volume, to_host: onEast.host, host: 'host-1' }

/** The volume on its first cluster, with data, and nothing else anywhere. */
const prepare = async () => {
  for (const { reset } of [system.cluster.simulator, system.east]) reset()
  await system.invoke('delete_volume', { volume: onEast })
  await system.invoke('delete_volume', { volume })
  await system.invoke('create_volume', {
    volume: { ...volume, size: 1, ...inTemplate('hdd', { iops: '9' }) },
  })
  await filled(system, volume.id, { again: true })
  for (const { reset } of [system.cluster.simulator, system.east]) reset()
}

const left = async () => ({ ...(await everything(system.cluster)), east: system.east.state() })

const migrate = async () => ended(system, await queued(system, 'migrate-volume', toEast))

/** What a migration does where nothing goes wrong. */
const whole = async () => {
  await prepare()
  const before = await left()
  expect(await migrate()).toMatchObject({ status: 'succeeded' })
  const calls = {
    here: system.cluster.simulator.calls.map(({ method, call }) => ({ method, call })),
    east: system.east.calls.map(({ method, call }) => ({ method, call })),
  }
  return { before, after: await left(), calls }
}
type Whole = Awaited<ReturnType<typeof whole>>

const at = { here: () => system.cluster.simulator, east: () => system.east }
const changes = (calls: Whole['calls']['here']) =>
  calls.flatMap(({ method, call }, n) => (method === 'POST' ? [[n, call] as const] : []))

/** Either all of it or nothing, and the record says which. */
const allOrNothing = async (record: JobRecord, { before, after }: Whole, when: string) => {
  const moved = record.result?.provider_location !== undefined
  expect(await left(), when).toEqual(moved ? after : before)
}

test('every byte is there', async () => {
  await prepare()
  const digests = async ({ state }: Pick<TwoLocations['east'], 'state'>) =>
    (await state({ content: true })).volumes.map(({ content }) => content)
  const before = await digests(system.cluster.simulator)

  await migrate()

  expect(before).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  expect(await digests(system.east)).toEqual(before)
})

test.each(['here', 'east'] as const)('the answer to any change lost, %s', async (where) => {
  const expected = await whole()
  for (const [n, call] of changes(expected.calls[where])) {
    await prepare()
    at[where]().loseAnswer(n)
    expect(await migrate(), `${n} ${call}`).toMatchObject({ status: 'succeeded' })
    expect(await left(), `${n} ${call}`).toEqual(expected.after)
  }
})

test.each(['here', 'east'] as const)(
  'the answer to any change lost, and StorPool away for a while, %s: the step runs again',
  async (where) => {
    const expected = await whole()
    for (const [n, call] of changes(expected.calls[where])) {
      await prepare()
      at[where]().loseAnswer(n)
      at[where]().fault({ match: '*', skip: n, times: 7, kind: 'transient' })
      expect(await migrate(), `${n} ${call}`).toMatchObject({ status: 'succeeded' })
      expect(await left(), `${n} ${call}`).toEqual(expected.after)
    }
  },
)

test.each(['here', 'east'] as const)('refused for good at any call, %s', async (where) => {
  const expected = await whole()
  for (const [n, { call }] of expected.calls[where].entries()) {
    await prepare()
    at[where]().refuse(n, 'internalError')
    const record = await migrate()
    await allOrNothing(record, expected, `${n} ${call}`)
  }
})

test.each([
  'take',
  'hold the source',
  'make the target',
  'attach',
  'wait for the devices',
  'start copy',
  'copy',
  'detach',
  'verify',
  'hand over',
  'remove the source',
])('cancelled at "%s", it is there or where it was', async (step) => {
  const expected = await whole()
  await prepare()
  const document = await queued(system, 'migrate-volume', toEast)

  const record = await cancelledAt(system, document, step)

  await allOrNothing(record, expected, step)
})

test('a volume that is extended meanwhile is not left behind', async () => {
  await prepare()
  const document = await queued(system, 'migrate-volume', toEast)
  const running = ended(system, document)
  // The next look is a second later, so nothing is over by then.
  while ((await system.records.get(document.id))?.step !== 'copy') await new Promise(setImmediate)
  await system.invoke('extend_volume', { volume, new_size: 2 })

  expect(await running).toMatchObject({ status: 'failed', result: {} })
  const { cluster, east, table } = await left()
  expect(cluster.volumes).toMatchObject([{ size: 2 * 1024 ** 3, tags: { 'cl-id': 'v' } }])
  expect([...cluster.attachments, ...east.volumes, ...table]).toEqual([])
})
