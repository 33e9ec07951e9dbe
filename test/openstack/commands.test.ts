import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aFolder, startProcess } from '../support/system.ts'
import { startWithKeystone } from './block-storage.ts'
import { type Clients, startClients } from './clients.ts'
import { attachmentCommands } from './commands/attachments.ts'
import type { Command } from './commands/command.ts'
import { type Scene, startScene } from './commands/scene.ts'
import { serviceCommands } from './commands/service.ts'
import { snapshotCommands } from './commands/snapshots.ts'
import { typeCommands } from './commands/types.ts'
import { volumeCommands } from './commands/volumes.ts'
import { simulatorOf, withKeystone, withoutKeystone } from './commands/way.ts'

const commands: readonly Command[] = [
  ...serviceCommands,
  ...volumeCommands,
  ...snapshotCommands,
  ...typeCommands,
  ...attachmentCommands,
]

/** The newest that Debian's clients know. */
const newest = '3.70'

/** The catalog leads to one system. Without Keystone everybody is an administrator and sees all projects, so each way has its own. */
const startAll = async () => {
  const starts = [startWithKeystone, startProcess, startProcess]
  const folders = await Promise.all(starts.map(aFolder))
  const systems = await Promise.all(starts.map((start, nth) => start(folders[nth]!.path)))
  return {
    systems,
    async close() {
      await Promise.all(systems.map((system) => system.stop()))
      await Promise.all(folders.map((folder) => folder[Symbol.asyncDispose]()))
    },
  }
}

let all: Awaited<ReturnType<typeof startAll>>
beforeAll(async () => {
  all = await startAll()
}, 120_000)
afterAll(() => all?.close())

/** Everyday commands, each looked at for what it has done; the four ways of asking go on beside each other. */
describe.concurrent.each([
  ['with Keystone, at the default microversion', withKeystone, 0, 'demo', undefined],
  ['with Keystone, at the newest microversion', withKeystone, 0, 'alt', newest],
  ['without Keystone, at the default microversion', withoutKeystone, 1, 'a'.repeat(32), undefined],
  ['without Keystone, at the newest microversion', withoutKeystone, 2, 'b'.repeat(32), newest],
] as const)('%s', (_, wayTo, nth, project, version) => {
  let clients: Clients
  let scene: Scene
  beforeAll(async () => {
    clients = startClients()
    const system = all.systems[nth]!
    const way = await wayTo(system.url, project, clients)
    scene = startScene(way, clients, await simulatorOf(system), version)
  }, 120_000)
  afterAll(() => clients?.close())

  for (const command of commands) {
    test(command.line, { concurrent: false }, async () => {
      const look = await scene.run(command)

      const { status, err } = look.said
      expect(status === 0 ? 'done' : 'refused', err).toBe(command.refused === undefined ? 'done' : 'refused')
      if (command.refused !== undefined) expect(err).toMatch(command.refused)
      await command.effect(look)
    })
  }
})
