import { fileURLToPath } from 'node:url'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Context } from 'aws-lambda'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteVolume } from '../../lib/driver/delete-volume.ts'
import { type Sweeping, sweepJobs } from '../../lib/jobs/sweep.ts'
import { wholeAddress } from '../../lib/jobs/withheld.ts'
import type { Steps } from '../../lib/jobs/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'
import { sweeping } from '../../lib/lambda/sweeping.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { openTable } from '../../lib/store/table.ts'
import { ticketsIn } from '../../lib/store/tickets.ts'
import { startCluster } from '../../local/cluster.ts'
import { loadFrom } from '../../local/functions.ts'
import { startSystem } from '../../local/system.ts'
import { checkOwnAnswer } from './own-answers.ts'
import { aFolder } from './system.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a test lets the jobs do: those at the gate go on when they are let through. */
interface Gate {
  readonly arrived: string[]
  readonly open: Set<string>
  /** The address of its image, as each job's step saw it. */
  readonly addresses: Map<string, string>
}

/** A job of a few calls: it makes a volume of its own, named after it, and waits at the gate until it may go on. */
const pageWith = (gate: Gate) => async (steps: Steps<'copy-image-to-volume'>) => {
  await steps.turn((job) => job.input.host)
  const made = await steps.step('make', async (backend, job) => {
    await createVolume(backend, { volume: { id: job.id, size: 1 } })
    return { ours: true }
  })
  if (made.ours)
    steps.compensate('remove', (backend, job) => deleteVolume(backend, { volume: { id: job.id } }))
  await steps.step('look', async (backend, job) => {
    const { source } = job.input.image
    if (source.kind === 'https')
      gate.addresses.set(job.id, await wholeAddress(backend.withheld, job, source.url))
  })
  await steps.until('gate', async (_, { id }) => {
    if (!gate.arrived.includes(id)) gate.arrived.push(id)
    return gate.open.has(id) || gate.open.has('all')
  })
}

/** The whole system with that job in place of the copy. One per test file: functions read the environment once. */
export const startJobSystem = async ({ tasks }: { tasks?: number } = {}) => {
  const folder = await aFolder()
  const gate: Gate = { arrived: [], open: new Set(), addresses: new Map() }
  const handler = durable('copy-image-to-volume', pageWith(gate))
  const load = loadFrom(root)
  const system = await startSystem({
    state: folder.path,
    port: 0,
    loadHandler: async (fn) =>
      fn.key === 'job-copy-image-to-volume'
        ? (event: unknown, context: Context) => handler(event as never, context)
        : load(fn),
    cluster: async (...args) => {
      const cluster = await startCluster(...args)
      const hosts = JSON.parse(cluster.environment.HOSTS ?? '{}')
      Object.assign(hosts['host-1'], { tasks })
      return { ...cluster, environment: { ...cluster.environment, HOSTS: JSON.stringify(hosts) } }
    },
  })
  const table = () => openTable([...system.service.tables.values()][0]?.name ?? '')
  const records = () => jobRecords(table(), () => new Date().toISOString())
  const sqs = new SQSClient({ endpoint: system.endpoints.sqs })

  const call = async (path: string, body?: unknown): Promise<any> => {
    const response = await fetch(`${system.url}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const answer = await response.json()
    checkOwnAnswer(body === undefined ? 'GET' : 'POST', path, response.status, answer)
    return answer
  }

  return {
    ...system,
    folder: folder.path,
    gate,
    call,
    job: (id: string) => call(`/jobs/${id}`),
    /** A job at the gate goes on, without waiting until it asks again. */
    async letThrough(id: string) {
      gate.open.add(id)
      const { callbackId } = (await records().get(id)) ?? {}
      try {
        if (callbackId !== undefined) system.durable.endCallback(callbackId, 'SUCCEEDED', {})
      } catch {
        // It is just asking.
      }
    },
    /** A job is asked for. @returns its id. */
    async submit(source: object = { kind: 'folder', name: 'x.raw' }, more: object = {}): Promise<string> {
      const input = { volume: { id: 'v' }, image: { source, format: 'raw' } }
      const { id } = await call('/jobs', { kind: 'copy-image-to-volume', input, ...more })
      return id
    },
    send: (text: string) =>
      sqs.send(new SendMessageCommand({ QueueUrl: system.queues.queueUrl('JobsQueue'), MessageBody: text })),
    /** The jobs in line for the host. */
    lines: () => ticketsIn(table()).line('host-1'),
    /** As the clock does it, for jobs that have been silent for no matter how short a time. */
    sweep: (change: Partial<Sweeping> = {}) => sweepJobs({ ...sweeping(), silenceMs: 0, ...change }),
    async [Symbol.asyncDispose]() {
      gate.open.add('all')
      sqs.destroy()
      await system.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export type JobSystem = Awaited<ReturnType<typeof startJobSystem>>
