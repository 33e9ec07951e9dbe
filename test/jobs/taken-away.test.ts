import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DriverError } from '../../lib/errors.ts'
import type { JobBackend } from '../../lib/jobs/backend.ts'
import { attachTarget, awaitTarget } from '../../lib/jobs/copy-image-to-volume/attach.ts'
import { isCopied, startCopy, stopCopy } from '../../lib/jobs/copy-image-to-volume/copy.ts'
import { JobDocument, type JobOf } from '../../lib/jobs/document.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import { jobView } from '../../lib/jobs/view.ts'
import { type Step, workflow } from '../../lib/jobs/workflow.ts'
import { agentOn } from '../../lib/lambda/agents.ts'
import { turns } from '../../lib/lambda/turns.ts'
import { withheldIn } from '../../lib/store/withheld.ts'
import { startJobs } from '../support/jobs.ts'

const image = randomBytes(2 * 1024 ** 2)
const now = () => new Date().toISOString()

let system: Awaited<ReturnType<typeof startJobs>>
beforeAll(async () => {
  system = await startJobs()
  await writeFile(join(system.images, 'disk.raw'), image)
})
afterAll(() => system[Symbol.asyncDispose]())

const backend = (): JobBackend => ({
  ...system.cluster.backend,
  hosts: {
    get: async (name) => ({ name, clientId: 1, agent: system.agent.url }),
    all: async () => [],
  },
  jobs: system.records,
  turns: turns(),
  cluster: undefined,
  at: () => Promise.reject(new Error('there is one cluster')),
  withheld: withheldIn(system.cluster.table),
  agentOn: async (host) => agentOn(host),
  secretsOf: async () => undefined,
  glance: () => {
    throw new Error('no Glance here')
  },
})

const queued = async (id: string) => {
  await system.invoke('create_volume', { volume: { id, size: 1 } })
  const document = JobDocument.parse({
    id: randomUUID(),
    kind: 'copy-image-to-volume',
    version: 1,
    project: 'p',
    backend: 'default',
    input: {
      volume: { id },
      image: { source: { kind: 'folder', name: 'disk.raw' }, format: 'raw' },
      host: 'host-1',
    },
  })
  await takeIn({ jobs: system.records, now }, document)
  return document as JobOf<'copy-image-to-volume'>
}

const copying = async (id: string) => {
  const document = await queued(id)
  await system.records.begin(document.id, 'copy', now())
  await attachTarget(backend(), document)
  await awaitTarget(backend(), document)
  await startCopy(backend(), document)
  return document
}

const untilCopied = async (document: JobOf<'copy-image-to-volume'>) => {
  while (!(await isCopied(backend(), document))) await delay(20)
}

test('a copy onto a volume that was taken away meanwhile is no success', async () => {
  const document = await copying('taken')
  await system.invoke('terminate_connection', { volume: { id: 'taken' } })

  await expect(untilCopied(document)).rejects.toMatchObject({ name: 'StaleGeneration' })
})

test('a job that was cancelled when all was copied says that the volume is written', async () => {
  const document = await copying('whole')
  await untilCopied(document)

  await stopCopy(backend(), document)

  expect(await system.records.get(document.id)).toMatchObject({
    doneBytes: image.length,
    result: { volume: 'written' },
  })
})

test('a step that failed because of a cancel was cancelled', async () => {
  const document = await queued('cut')
  const cutOff: Step<'copy-image-to-volume'> = async ({ jobs }, { id }) => {
    await jobs.change(id, { cancelRequested: true }, ['running'])
    throw new DriverError('Conflict', 'the copy was stopped')
  }
  const handlerFunction = workflow(
    'copy-image-to-volume',
    async ({ step }) => void (await step('work', cutOff)),
    async () => backend(),
  )

  await new LocalDurableTestRunner({ handlerFunction }).run({ payload: document })

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'cancelled',
    error: { name: 'Cancelled', step: 'work' },
  })
})

test('who looks at a job sees why its step is tried again, until that is overcome', async () => {
  const document = await queued('again')
  const seen: unknown[] = []
  const secondTime: Step<'copy-image-to-volume'> = async ({ jobs }, { id }) => {
    const record = await jobs.get(id)
    seen.push(record && jobView(record).error)
    if (seen.length === 1) throw new DriverError('BackendUnavailable', 'the cluster is away')
  }
  const handlerFunction = workflow(
    'copy-image-to-volume',
    async ({ step }) => void (await step('work', secondTime)),
    async () => backend(),
  )

  await new LocalDurableTestRunner({ handlerFunction }).run({ payload: document })

  expect(seen).toEqual([
    undefined,
    { name: 'BackendUnavailable', message: 'the cluster is away', step: 'work' },
  ])
  expect(await system.records.get(document.id)).toMatchObject({ status: 'succeeded', error: null })
})

test('a document that is too long is refused, however it came', async () => {
  const document = await queued('long')
  const extra_specs = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key-${n}`, 'x'.repeat(240)]))
  const long = JobDocument.parse({
    ...document,
    id: randomUUID(),
    input: { ...document.input, volume: { id: 'long', volume_type: { extra_specs } } },
  })

  await expect(takeIn({ jobs: system.records, now }, long)).rejects.toMatchObject({ name: 'TooLarge' })
  expect(await system.records.get(long.id)).toBeUndefined()
})
