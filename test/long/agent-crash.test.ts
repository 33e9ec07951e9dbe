import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { AgentClient } from '../../lib/agent/client.ts'
import type { CopyImage } from '../../lib/agent/tasks.ts'
import { ca, serve, startImageServer } from '../agent/image-server.ts'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  journalLine,
  MiB,
  makeHost,
  noise,
  soon,
  underWay,
} from '../agent/support.ts'
import { atEveryRecord, atOddMoments, type Case, journalOf } from './agent/killed.ts'

/**
 * An agent killed with SIGKILL as soon as its journal holds the first record, the second, and so on to the last, and at
 * odd moments, then started again and asked again: while it copies, fetches, is told to stop, gives way, and lets go.
 */
const imageBytes = 6 * MiB
const volumeBytes = 8 * MiB
const [one, two] = [noise(imageBytes), noise(imageBytes)]
const tail = Buffer.alloc(volumeBytes - imageBytes)
const volume = { globalId, sizeBytes: volumeBytes }
/** The volume that holds the image too. */
const sourceId = 'a.b.1'
const minutes = 60_000

interface Scenario {
  /** What a function asks for; asked again after the crash. */
  readonly ask: (client: AgentClient, source: CopyImage['source']) => Promise<unknown>
  /** How it must be in the end. */
  readonly check: (client: AgentClient, content: Buffer) => Promise<void>
}

const folder = (name: string): CopyImage['source'] => ({ kind: 'folder', name })
const copy = (changes: Partial<CopyImage> = {}) => copyRequest('one', 'raw', volumeBytes, changes)
const wait = (client: AgentClient, generation = 1) =>
  client.attachWait(
    { clientId, volume, attachment: attachment(generation), mode: 'rw', waitMs: 1000 },
    soon(),
  )
const isOn = (content: Buffer, image: Buffer) => content.equals(Buffer.concat([image, tail]))

const copied: Scenario = {
  ask: async (client, source) => {
    await wait(client)
    await client.copyImage(copy({ source }), soon())
    await ended(client)
  },
  check: async (client, content) => {
    expect(await ended(client)).toMatchObject({ state: 'succeeded', doneBytes: imageBytes })
    expect(isOn(content, one)).toBe(true)
  },
}

const scenarios: Record<string, Scenario> = {
  copy: copied,
  fetch: copied,
  // Its address is not written down.
  'signed fetch': copied,
  'copy of a volume': {
    ask: async (client) => {
      await wait(client)
      const { source: _image, format: _format, ...request } = copy()
      const source = { volume: { globalId: sourceId, sizeBytes: imageBytes }, attachment: attachment() }
      await client.copyVolume({ ...request, source }, soon())
      await ended(client)
    },
    check: copied.check,
  },
  cancel: {
    ask: async (client, source) => {
      await client.copyImage(copy({ source }), soon())
      await underWay(client, MiB).catch(() => 'it has ended')
      await client.cancelTask({ id: 'request-1' }, soon())
    },
    check: async (client, content) => {
      const task = await ended(client)
      expect(['cancelled', 'succeeded']).toContain(task.state)
      if (task.state === 'succeeded') expect(isOn(content, one)).toBe(true)
      else expect(task.result).toBeDefined()
    },
  },
  'give way': {
    ask: async (client, source) => {
      await client.copyImage(copy({ source }), soon()).catch(isStale)
      await underWay(client, MiB).catch(() => 'it has ended')
      const later = { requestId: 'request-2', attachment: attachment(2), source: folder('two') }
      await client.copyImage(copy(later), soon())
      await ended(client, 'request-2')
    },
    check: async (client, content) => {
      expect(await ended(client, 'request-2')).toMatchObject({ state: 'succeeded' })
      expect(isOn(content, two)).toBe(true)
    },
  },
  'let go': {
    ask: async (client, source) => {
      await wait(client).catch(isStale)
      await client.copyImage(copy({ source, targetState: 'new' }), soon()).catch(isStale)
      await ended(client)
      await client.release({ clientId, volume: { globalId }, attachment: attachment() }, soon())
    },
    check: async (client, content) => {
      expect(content.subarray(0, imageBytes).equals(one)).toBe(true)
      await expect(wait(client)).rejects.toMatchObject({ code: 'stale_generation' })
    },
  },
}

/** What was asked for before comes too late once a later generation, or a release, was put down. */
const isStale = (error: unknown) => {
  if (!(error instanceof Error && 'code' in error && error.code === 'stale_generation')) throw error
}

const makeCase = async (kind: string): Promise<Case & { readonly file: string }> => {
  const { ask, check } = scenarios[kind]!
  const host = await makeHost()
  const file = await host.attach(volumeBytes, { fill: 'x' })
  await host.image('one', one)
  await writeFile(await host.attach(imageBytes, { id: sourceId }), one)
  await host.image('two', two)
  const from = (source: CopyImage['source']) => ({
    host,
    file,
    ask: (client: AgentClient) => ask(client, source),
    check: async (client: AgentClient) => check(client, await readFile(file)),
  })
  if (!kind.endsWith('fetch')) return { ...from(folder('one')), changes: {}, close: async () => {} }
  const server = await startImageServer((request, response) => {
    void serve(request, response, one, { tag: '"one"', pace: { bytes: MiB, ms: 20 } })
  })
  await writeFile(host.at('ca.pem'), ca)
  const sources = { allow: ['127.0.0.0/8', '::1/128'], ports: [server.port], ca: host.at('ca.pem') }
  const query = kind === 'signed fetch' ? '?signature=secret' : ''
  const source = { kind: 'https' as const, url: `https://localhost:${server.port}/one${query}` }
  return { ...from(source), changes: { sources }, close: () => server[Symbol.asyncDispose]() }
}

test.each(Object.keys(scenarios))('killed at every record: %s', { timeout: 20 * minutes }, (kind) =>
  atEveryRecord(kind, () => makeCase(kind)),
)

test.each(Object.keys(scenarios))('killed at odd moments: %s', { timeout: 10 * minutes }, (kind) =>
  atOddMoments(() => makeCase(kind), 400),
)

test('cut off after every record, whole and torn, the journal is one an agent goes on with', {
  timeout: 10 * minutes,
}, async () => {
  const { host, file, ask, check } = await makeCase('copy')
  await using _ = host
  const first = await host.start()
  await ask(first.client)
  await first.agent.close()
  const lines = (await readFile(journalOf(host), 'utf8')).split('\n').slice(0, -1)
  const checkpointIn = (line: string) => JSON.parse(line.slice(9)).checkpoint ?? 0

  for (const [index, line] of lines.entries()) {
    for (const torn of ['', line.slice(0, 15), journalLine({ t: 'unknown' }).trimEnd()]) {
      const kept = lines.slice(0, index + 1)
      await writeFile(journalOf(host), `${kept.join('\n')}\n${torn}`)
      // On the device is what was put down as flushed, and anything behind it.
      const done = Math.max(...kept.map(checkpointIn))
      const right = Buffer.concat([one, tail]).subarray(0, done)
      await writeFile(file, Buffer.concat([right, Buffer.alloc(volumeBytes - done, 'y')]))

      const { agent, client } = await host.start()
      await using __ = agent
      await ask(client)
      await check(client)
    }
  }
})
