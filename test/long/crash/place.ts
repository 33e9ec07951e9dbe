import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Hold, Report } from './hold.ts'
import type { Outside } from './outside.ts'
import { ask, type Program, startProgram } from './program.ts'

/** A system, and a way to kill all of it or a part of it with SIGKILL and have it up again. */
export interface Place {
  readonly images: string
  /** Of the store `backups`. */
  readonly repository: { readonly path: string; readonly password: string }
  /** Where a client of the cluster finds its devices. */
  devicesOf(client: number): string
  readonly outside?: Outside
  /** Of the API. @throws Error any answer but a success. */
  call(path: string, body?: unknown): Promise<any>
  drive(method: string, input: unknown): Promise<any>
  /** What is on the clusters, in Glance and in the bucket. */
  state(): Promise<State>
  /** A control call of the simulator's, posted where there is a body. */
  simulate(call: string, body?: object): Promise<any>
  /** Executions of a job's workflow, as Lambda's API lists them. */
  executions(kind: string, id: string): Promise<{ Status: string }[]>
  /** Messages on the queues, the one for the dead with them. */
  queued(): Promise<number>
  hold(holds: readonly Hold[]): void
  /** Whether what moves bytes takes its time. */
  slow(on: boolean): void
  /** What the programs say from now on; until the next listener. */
  onReport(listener: (report: Report) => void): void
  /** Kill, and start again. What was held goes on where it was not killed. */
  strike(): Promise<void>
  /** Files in the agent's staging folder, and processes of its own that are there. */
  leftovers(): Promise<string[]>
  stop(): Promise<void>
}
export interface State {
  readonly volumes: readonly Named[]
  readonly snapshots: readonly Named[]
  readonly attachments: readonly object[]
  /** Images of Glance's, objects and uploads of the bucket. */
  readonly kept: readonly Named[]
}
export interface Named {
  readonly name: string
  readonly [member: string]: unknown
}

export const behind = ({ said }: Program, what: string) =>
  new RegExp(`${what} (http://[^ ,]+?)[.,]?(?: |$)`).exec(said.join('\n'))?.[1] ?? ''

const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])

/** Programs an agent started are known by a mark that is in nothing else's environment. */
const childrenOf = async (agentState: string) => {
  const { ino, dev } = await stat(agentState)
  const mark = `CINDERLESS_AGENT=${dev}-${ino}`
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
    if (environment.split('\0').includes(mark))
      found.push(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => pid))
  }
  return found.map((line) => line.replaceAll('\0', ' '))
}

export const leftoversIn = async (agentState: string) => [
  ...filesIn(join(agentState, 'staging')).map((name) => `staged ${name}`),
  ...(await childrenOf(agentState)).map((line) => `child ${line}`),
]

const queuedAt = async (endpoint: string): Promise<number> => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const sqs = new SQSClient({ endpoint, region: 'eu-central-1', credentials })
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand())
  let count = 0
  for (const QueueUrl of QueueUrls) {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })
    const { Attributes = {} } = await sqs.send(asked)
    for (const [name, value] of Object.entries(Attributes))
      if (name.startsWith('ApproximateNumberOfMessages')) count += Number(value)
  }
  sqs.destroy()
  return count
}

export const callsTo = (
  urlOf: () => string,
  simulatorOf: () => string,
  behindOf: (what: string) => string,
  outside?: Outside,
) => ({
  call: (path: string, body?: unknown) => ask(`${urlOf()}${path}`, body),
  drive: (method: string, input: unknown) => ask(`${urlOf()}/driver/${method}`, input),
  state: async (): Promise<State> => {
    const here: State = await ask(`${simulatorOf()}/_sim/state`)
    const there = outside?.state()
    return {
      volumes: [...here.volumes, ...(there?.volumes ?? [])],
      snapshots: [...here.snapshots, ...(there?.snapshots ?? [])],
      attachments: [...here.attachments, ...(there?.attachments ?? [])],
      kept: there?.kept ?? [],
    }
  },
  simulate: async (call: string, body?: object) => {
    if (body !== undefined) await outside?.simulate(call, body)
    return ask(`${simulatorOf()}/_sim/${call}`, body)
  },
  executions: async (kind: string, id: string) => {
    const path = `/2025-12-01/functions/cinderless-dev-job-${kind}/durable-executions?DurableExecutionName=${id}`
    return (await ask(`${behindOf('Lambda')}${path}`)).DurableExecutions
  },
  queued: () => queuedAt(behindOf('SQS')),
})

/** `npm start`: gateway, queue, table, executions, simulator and agent in one process, and all of it is killed. */
export const wholeSystem = async (folder: string): Promise<Place> => {
  const state = join(folder, 'whole')
  let listener = (_report: Report): void => {}
  const start = async () => {
    const program = await startProgram('local/main.ts', ['--port', '0', '--state', state, '--no-images'])
    program.onReport((report) => listener(report))
    return program
  }
  let program = await start()
  return {
    images: join(state, 'images'),
    repository: {
      path: join(state, 'backups'),
      password: readFileSync(join(state, 'backups-password'), 'utf8').trim(),
    },
    devicesOf: (client) => join(state, 'simulator/dev', String(client)),
    ...callsTo(
      () => program.url,
      () => behind(program, 'simulated StorPool'),
      (what) => behind(program, what),
    ),
    hold: (hold) => program.order({ hold }),
    slow: (slow) => program.order({ slow }),
    onReport: (next) => {
      listener = next
    },
    strike: async () => {
      await program.kill()
      program = await start()
    },
    leftovers: () => leftoversIn(join(state, 'agent')),
    stop: () => program.stop(),
  }
}
