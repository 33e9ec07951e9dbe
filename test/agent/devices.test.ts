import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { open, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  globalId,
  type Host,
  MiB,
  makeHost,
  noise,
  soon,
  underWay,
} from './support.ts'

const volume = { globalId }
const asked = { clientId, volume }

/** Another program that has the device open, until it is told to end. */
const holder = async (file: string) => {
  const running = spawn('tail', ['-f', file], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(running.stdout, 'readable')
  return {
    pid: running.pid,
    [Symbol.asyncDispose]: async () => {
      running.kill()
      await once(running, 'exit')
    },
  }
}

const attached = async (host: Host) => {
  const file = await host.attach(MiB, { fill: 'x' })
  const { agent, client } = await host.start()
  return { file, client, [Symbol.asyncDispose]: () => agent.close() }
}

test('names who has a device open: process and command', async () => {
  await using host = await makeHost()
  await using at = await attached(host)
  await using other = await holder(at.file)

  const { openers } = await at.client.detachCheck(asked, soon())

  expect(openers).toEqual([{ kind: 'process', name: 'tail', pid: other.pid }])
})

test('nobody has a device open that is gone, nor one that only the agent uses', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  expect(await client.detachCheck(asked, soon())).toEqual({ openers: [], complete: true })

  await host.attach(64 * MiB)
  await host.image('disk', noise(64 * MiB))
  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(client, 2 * MiB)
  expect((await client.detachCheck(asked, soon())).openers).toEqual([])
})

test('a release is refused while somebody else has the device open, and has then changed nothing', async () => {
  await using host = await makeHost()
  await using at = await attached(host)
  const release = () => at.client.release({ ...asked, attachment: attachment() }, soon())
  const wait = {
    ...asked,
    volume: { globalId, sizeBytes: MiB },
    attachment: attachment(),
    mode: 'rw' as const,
    waitMs: 0,
  }
  {
    await using other = await holder(at.file)
    await expect(release()).rejects.toMatchObject({
      code: 'device_busy',
      retryable: true,
      details: { openers: [{ kind: 'process', name: 'tail', pid: other.pid }] },
    })
    await expect(at.client.attachWait(wait, soon())).resolves.toBeDefined()
  }

  await release()
  await expect(at.client.attachWait(wait, soon())).rejects.toMatchObject({ code: 'stale_generation' })
})

test('says how large a device is, and waits a moment for an extend to arrive', async () => {
  await using host = await makeHost()
  await using at = await attached(host)
  expect(await at.client.size(asked, soon())).toEqual({ sizeBytes: MiB })

  const extended = at.client.size({ ...asked, expectBytes: 2 * MiB }, soon())
  await sleep(150)
  await truncate(at.file, 2 * MiB)
  expect(await extended).toEqual({ sizeBytes: 2 * MiB })

  await expect(at.client.size({ ...asked, expectBytes: 3 * MiB }, soon())).rejects.toMatchObject({
    code: 'size_pending',
    retryable: true,
    details: { sizeBytes: 2 * MiB },
  })
})

test('the size of what is not there is not_attached', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await symlink(host.at('volumes/nothing'), host.at('dev/storpool-byid', globalId))

  await expect(client.size(asked, soon())).rejects.toMatchObject({ code: 'not_attached' })
})

test.runIf(process.getuid?.() === 0)(
  'a device is lent to the copy alone, and comes back also after a crash',
  async () => {
    await using host = await makeHost()
    const { agent, client } = await host.start()
    await using _ = agent
    const file = await host.attach(64 * MiB)
    await host.image('disk', noise(64 * MiB))
    // As an agent leaves it that is killed.
    const handle = await open(file)
    await handle.chown(65_530, 0)
    await handle.close()
    await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
    await underWay(client, MiB)
    expect(statSync(file).uid).toBe(65_530)

    await client.cancelTask({ id: 'request-1' }, soon())

    expect(statSync(file).uid).toBe(0)
  },
)

test.runIf(process.getuid?.() === 0)('a file that somebody made in /dev is no volume', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = `/dev/cinderless-test-${process.pid}`
  await writeFile(file, Buffer.alloc(512))
  try {
    await symlink(file, host.at('dev/storpool-byid', globalId))
    await expect(client.size(asked, soon())).rejects.toMatchObject({
      code: 'not_attached',
      message: expect.stringContaining('no block device'),
    })
  } finally {
    await rm(file)
  }
})
