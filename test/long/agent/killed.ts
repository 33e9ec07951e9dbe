import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { expect } from 'vitest'
import type { AgentClient } from '../../../lib/agent/client.ts'
import type { Task } from '../../../lib/agent/tasks.ts'
import { startProgram } from '../../agent/program.ts'
import { type Host, soon, until } from '../../agent/support.ts'

/** A piece of work on a host of its own. */
export interface Case {
  readonly host: Host
  /** Settings beside the host's. */
  readonly changes: object
  /** What a function asks for; asked again after the crash. */
  readonly ask: (client: AgentClient) => Promise<unknown>
  /** How it must be in the end. */
  readonly check: (client: AgentClient) => Promise<void>
  readonly close: () => Promise<void>
}

type Moment = (host: Host, isOver: () => boolean) => Promise<unknown>

export const journalOf = (host: Host) => host.at('state/journal.jsonl')

/** Come back as soon as the journal has so many lines, or when it is all over. */
const linesWritten = async (file: string, wanted: number, isOver: () => boolean) => {
  const descriptor = openSync(file, 'r')
  const buffer = Buffer.alloc(64 * 1024)
  try {
    for (let lines = 0; lines < wanted && !isOver(); ) {
      const length = readSync(descriptor, buffer)
      for (const byte of buffer.subarray(0, length)) if (byte === 10) lines += 1
      if (length === 0) await turn()
    }
  } finally {
    closeSync(descriptor)
  }
}

const assertWhole = (host: Host) => {
  const text = readFileSync(journalOf(host), 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  expect(text).not.toMatch(/secret|hidden-word|opens it/)
  for (const line of text.trimEnd().split('\n')) {
    expect(line.slice(0, 8)).toBe(crc32(line.slice(9)).toString(16).padStart(8, '0'))
  }
}

/** Started again it has ended what was cut off, and does nothing before it is asked. */
const assertStill = async (client: AgentClient, host: Host) => {
  expect(await client.health(soon())).toMatchObject({ tasks: 0 })
  expect(host.children()).toEqual([])
  for (const { state, error } of await client.tasks(soon())) {
    expect(['succeeded', 'cancelled', 'failed']).toContain(state)
    if (state === 'failed') expect(['interrupted', 'stale_generation']).toContain(error?.code)
  }
}

/** @returns whether the agent was killed before it was done */
const killedWhen = async (make: () => Promise<Case>, moment: Moment) => {
  const { host, changes, ask, check, close } = await make()
  await using _ = host
  try {
    let over = false
    {
      await using first = await startProgram(host, { changes })
      const asked = ask(first.client).then(
        () => {
          over = true
        },
        () => {},
      )
      await moment(host, () => over)
      await first.kill()
      await asked
    }
    await until(() => (host.children().length === 0 ? true : undefined))
    const { agent, client } = await host.start(changes)
    {
      await using __ = agent
      await assertStill(client, host)
      await ask(client)
      await check(client)
      expect(host.children()).toEqual([])
    }
    assertWhole(host)
    return !over
  } finally {
    await close()
  }
}

/** Killed as soon as its journal holds the first record, the second, and so on to the last. */
export const atEveryRecord = async (name: string, make: () => Promise<Case>): Promise<void> => {
  let record = 1
  while (await killedWhen(make, (host, isOver) => linesWritten(journalOf(host), record, isOver))) record += 1
  console.log(`${name}: killed at each of ${record - 1} records`)
  expect(record).toBeGreaterThan(5)
}

/** Killed some time after its work began. */
export const atOddMoments = async (make: () => Promise<Case>, withinMs: number): Promise<void> => {
  for (let run = 0; run < 6; run += 1) {
    await killedWhen(make, async (host, isOver) => {
      await linesWritten(journalOf(host), 3, isOver)
      await sleep(Math.random() * withinMs)
    })
  }
}

/** A task to its end, which is success, however busy the machine is. */
export const succeeded = async (client: AgentClient, id: string) => {
  const giveUp = Date.now() + 120_000
  let task: Task
  do task = await client.task({ id, waitSeconds: 20 }, soon())
  while ((task.state === 'running' || task.state === 'queued') && Date.now() < giveUp)
  expect(task).toMatchObject({ state: 'succeeded' })
  return task
}
