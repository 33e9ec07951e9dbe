import { appendFileSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { UploadVolume } from '../../../lib/agent/tasks.ts'
import { startProgram } from '../../agent/program.ts'
import { keys } from '../../agent/s3-server.ts'
import { attachment, ended, globalId, journalLine, qemuImg, soon } from '../../agent/support.ts'

import { begun, bytes, digest, key, request, staged } from './uploads-to-s3.ts'

/** Ask an agent until it has begun so many calls, kill it, start another, and ask again what it then asks for. */
const killedAt = async (
  at: Awaited<ReturnType<typeof begun>>,
  reached: Promise<unknown>,
  asked: UploadVolume,
  meanwhile = () => {},
) => {
  {
    await using first = await startProgram(at.host, { changes: at.settings })
    await first.client.uploadVolume(asked, soon())
    await reached
    await first.kill()
  }
  meanwhile()
  return startProgram(at.host, { changes: at.settings })
}

test('killed in the middle it says that its keys are gone, and goes on when asked again', {
  timeout: 60_000,
}, async () => {
  const second = Promise.withResolvers<void>()
  let isDead = false
  await using at = await begun({
    before: async (call, nth) => {
      if (call !== 'put' || nth < 2 || isDead) return undefined
      second.resolve()
      return 'cut'
    },
  })
  const asked = request({ format: 'qcow2', compression: 'zstd' })
  await using agent = await killedAt(at, second.promise, asked)
  isDead = true
  expect(await ended(agent.client)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } })
  const before = at.server.count('put')

  await agent.client.uploadVolume(asked, soon())

  expect(await ended(agent.client)).toMatchObject({ state: 'succeeded' })
  expect(at.server.count('begin'), 'the same upload').toBe(1)
  expect(at.server.count('put') - before, 'only what was not there').toBe(1)
  const file = await at.host.image('copy', at.server.objects.get(key)?.content ?? Buffer.of())
  expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', at.volume, file)).toContain('identical')
  expect(staged(at.host)).toEqual([])
})

test('killed in the middle and cancelled by who has the keys, it leaves no parts', {
  timeout: 60_000,
}, async () => {
  const second = Promise.withResolvers<void>()
  await using at = await begun({
    before: (call, nth) => {
      if (call === 'put' && nth === 2) second.resolve()
      return undefined
    },
  })
  await using agent = await killedAt(at, second.promise, request({ format: 'qcow2', compression: 'zstd' }))
  expect(at.server.uploads.size).toBe(1)

  // At once, by who has none, then by the workflow.
  for (const secrets of [undefined, keys]) {
    const asked = { id: 'request-1', ...(secrets && { secrets }) }
    expect(await agent.client.cancelTask(asked, soon())).toMatchObject({ state: 'cancelled' })
  }
  expect(at.server.uploads.size).toBe(0)
  expect(staged(at.host)).toEqual([])
  expect(readFileSync(at.host.at('state/journal.jsonl'), 'utf8')).not.toMatch(/hidden-word|AKIDEXAMPLE/)
})

test('killed before it heard that all is done, it finds its own object', { timeout: 60_000 }, async () => {
  const done = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  await using at = await begun({
    before: async (call, nth) => {
      // The first question after all was put together.
      if (call !== 'head' || nth !== 2) return undefined
      done.resolve()
      await over.promise
      return 'cut'
    },
  })
  await using agent = await killedAt(at, done.promise, request())
  over.resolve()
  await ended(agent.client)

  await agent.client.uploadVolume(request(), soon())

  expect(await ended(agent.client)).toMatchObject({
    state: 'succeeded',
    result: { sizeBytes: bytes, sha256: digest('sha256') },
  })
  expect(at.server.count('put'), 'nothing was sent again').toBe(2)
})

test('parts of a task that may not go on are thrown away by the next one', { timeout: 60_000 }, async () => {
  const second = Promise.withResolvers<void>()
  const anew = { t: 'volume', globalId, generation: 2, attachmentId: 'a2', released: false }
  await using at = await begun({
    before: (call, nth) => {
      if (call === 'put' && nth === 2) second.resolve()
      return undefined
    },
  })
  await using agent = await killedAt(at, second.promise, request(), () =>
    appendFileSync(at.host.at('state/journal.jsonl'), journalLine(anew)),
  )
  expect(await ended(agent.client)).toMatchObject({ error: { code: 'stale_generation' } })
  expect(at.server.uploads.size).toBe(1)

  await agent.client.uploadVolume(request({ requestId: 'other', attachment: attachment(2) }), soon())

  expect(await ended(agent.client, 'other')).toMatchObject({ state: 'succeeded' })
  expect(at.server.uploads.size).toBe(0)
})
