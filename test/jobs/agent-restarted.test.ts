import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentClient } from '../../lib/agent/client.ts'
import { startJobs } from '../support/jobs.ts'
import { ended, queued, type System } from './cluster-jobs.ts'
import { bytesOn } from './host-jobs.ts'

const MiB = 1024 ** 2
const image = randomBytes(24 * MiB)

let system: System
beforeAll(async () => {
  system = await startJobs()
  await writeFile(join(system.images, 'disk.raw'), image)
})
afterAll(() => system[Symbol.asyncDispose]())

const soon = () => Date.now() + 10_000

/** A copy that is well under way when its agent is closed; started again after `meanwhile`. */
const cutOff = async (id: string, meanwhile: () => Promise<unknown> = async () => {}) => {
  await system.invoke('create_volume', { volume: { id, size: 1 } })
  const document = await queued(system, 'copy-image-to-volume', {
    volume: { id },
    image: { source: { kind: 'folder', name: 'disk.raw' }, format: 'raw' },
    host: 'host-1',
  })
  const over = ended(system, document)
  const agent = agentClient({ url: system.agent.url })
  const task = () => agent.task({ id: `${document.id}:copy` }, soon()).catch(() => undefined)
  let seen = 0
  while (seen < 2 * MiB) {
    seen = (await task())?.doneBytes ?? 0
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await system.restartAgent(meanwhile)
  return { document, over, seen, agent }
}

test('an agent that was started again under a job is asked again, and goes on where it stood', async () => {
  const { document, over, seen, agent } = await cutOff('goes-on')
  const { doneBytes } = await agent.task({ id: `${document.id}:copy` }, soon())
  expect(doneBytes, 'as the job shows it meanwhile').toBeGreaterThanOrEqual(seen - MiB)
  expect(await system.records.get(document.id)).toMatchObject({ status: 'running' })

  expect(await over).toMatchObject({ status: 'succeeded', doneBytes: image.length })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect((await bytesOn(system, 'goes-on', image.length)).equals(image)).toBe(true)
})

test('where somebody took the volume meanwhile, for this very host, nothing more is written', async () => {
  const newer = randomBytes(image.length)
  const volume = { id: 'taken' }
  const connector = { host: 'host-1' }
  let device = ''
  const { over } = await cutOff('taken', async () => {
    await system.invoke('terminate_connection', { volume, connector })
    const { data } = (await system.invoke('initialize_connection', { volume, connector })) as {
      data: { globalId: string }
    }
    device = join(system.cluster.simulator.devicesOf(1), 'storpool-byid', data.globalId)
    await writeFile(device, newer, { flag: 'r+' })
  })

  expect(await over).toMatchObject({
    status: 'failed',
    error: { name: 'StaleGeneration' },
    result: { volume: 'partly written' },
  })
  expect((await readFile(device)).subarray(0, newer.length).equals(newer)).toBe(true)
  expect(system.cluster.simulator.attachments, 'theirs').toHaveLength(1)
})
