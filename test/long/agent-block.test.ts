import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  MiB,
  makeHost,
  noise,
  remove,
  soon,
  underWay,
} from '../agent/support.ts'

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }).trim()

/** Block devices can be made by root alone, and not in every container. */
const canLoop = () => {
  try {
    run('losetup', '-f')
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** A host whose volume is a block device, as StorPool's are. */
const makeBlockHost = async () => {
  const host = await makeHost()
  const file = await host.attach(64 * MiB, { fill: 'x' })
  const device = run('losetup', '-f', '--show', file)
  const link = host.at('dev/storpool-byid', globalId)
  remove(link)
  await symlink(device, link)
  return {
    ...host,
    file,
    device,
    [Symbol.asyncDispose]: async () => {
      run('losetup', '-d', device)
      await host[Symbol.asyncDispose]()
    },
  }
}

test.runIf(canLoop())('a block device is copied to by a user who cannot open it otherwise', async () => {
  await using host = await makeBlockHost()
  const image = await host.image('disk', noise(32 * MiB))
  const { agent, client } = await host.start({ segmentBytes: 4 * MiB })
  await using _ = agent
  expect(agent.missing).toEqual([])

  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(client, MiB)
  expect(statSync(host.device).uid).toBe(65_530)
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })

  expect(statSync(host.device).uid).toBe(0)
  const content = await readFile(host.device)
  expect(content.subarray(0, 32 * MiB).equals(await readFile(image))).toBe(true)
  expect(content.subarray(32 * MiB).every((byte) => byte === 0)).toBe(true)
})

test.runIf(canLoop())('a mounted device is neither written nor let go, and its mount is named', async () => {
  await using host = await makeBlockHost()
  await host.image('disk', noise(MiB))
  const { agent, client } = await host.start()
  await using _ = agent
  const folder = host.at('mounted')
  mkdirSync(folder)
  run('mkfs.ext4', '-q', '-F', host.device)
  run('mount', host.device, folder)
  try {
    const openers = [{ kind: 'mount', name: folder }]
    const asked = { clientId, volume: { globalId } }
    expect(await client.detachCheck(asked, soon())).toEqual({ openers, complete: true })
    const release = client.release({ ...asked, attachment: attachment() }, soon())
    await expect(release).rejects.toMatchObject({ code: 'device_busy', details: { openers } })
    await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
    expect(await ended(client)).toMatchObject({
      error: { code: 'volume_in_use' },
      result: { partlyWritten: false },
    })
  } finally {
    run('umount', folder)
  }
})

test.runIf(canLoop())('an extend of a block device is confirmed', async () => {
  await using host = await makeBlockHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const extended = client.size({ clientId, volume: { globalId }, expectBytes: 96 * MiB }, soon())

  run('truncate', '-s', `${96 * MiB}`, host.file)
  run('losetup', '-c', host.device)

  expect(await extended).toEqual({ sizeBytes: 96 * MiB })
})
