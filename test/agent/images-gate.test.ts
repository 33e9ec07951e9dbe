import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import { findTools } from '../../agent/tools.ts'
import type { ImageFormat } from '../../lib/agent/tasks.ts'
import { hostile, others } from './images/hostile.ts'
import { formatOf, makeImages } from './images/support.ts'
import { copyRequest, ended, type Host, MiB, makeHost, qemuImg, sha256, soon } from './support.ts'

/** An agent whose every tool puts down that it was called, and then does its work. */
const startWatched = async (host: Host) => {
  const { PATH: path } = process.env
  const log = host.at('called')
  await mkdir(host.at('bin'))
  for (const tool of Object.values(findTools())) {
    if (tool === undefined) throw new Error('a tool of the agent is missing: npm run setup')
    const name = tool.slice(tool.lastIndexOf('/') + 1)
    await writeFile(host.at('bin', name), `#!/bin/sh\necho ${name} >> '${log}'\nexec '${tool}' "$@"\n`)
    await chmod(host.at('bin', name), 0o755)
  }
  process.env.PATH = `${host.at('bin')}${delimiter}${path}`
  try {
    const started = await host.start()
    // At its start the agent tries what it can keep its children from. Whoever they run as, they may write there.
    await writeFile(log, '')
    await chmod(log, 0o666)
    return { ...started, called: () => readFile(log, 'utf8').catch(() => '') }
  } finally {
    process.env.PATH = path
  }
}

type Refused = readonly [claim: string, format: ImageFormat, content: Buffer, code: string]
/** One in so many of the hostile ones: all are refused elsewhere, here it is about what else happens. */
const oneIn = 12

test('no program is run for an image that is refused, and nothing is written', async () => {
  await using host = await makeHost()
  await mkdir(host.at('made'))
  const images = await makeImages(host.at('made'))
  qemuImg('create', '-f', 'qcow2', host.at('made/bomb'), '64G')
  const refusals: Refused[] = [
    ...hostile
      .filter((_, index) => index % oneIn === 0)
      .map(({ claim, kind, change }): Refused => {
        const bytes = Buffer.from(images[kind])
        return [claim, formatOf(kind), change(bytes) ?? bytes, 'format_refused']
      }),
    ...others.map(([name, bytes]): Refused => [name, 'raw', bytes, 'format_refused']),
    ['a qcow2 called raw', 'raw', images['qcow2 3'], 'format_mismatch'],
    ['a VHD called raw', 'raw', images['vpc fixed'], 'format_mismatch'],
    ['a bomb', 'qcow2', await readFile(host.at('made/bomb')), 'image_too_large'],
  ]
  expect(refusals.length).toBeGreaterThanOrEqual(25)
  const { agent, client, called } = await startWatched(host)
  await using _ = agent

  const lanes = ['a.b.a', 'a.b.b', 'a.b.c', 'a.b.d'].map(async (volume, lane) => {
    const file = await host.attach(16 * MiB, { id: volume, fill: 'x' })
    const before = await sha256(file)
    const request = (name: string, format: ImageFormat) =>
      copyRequest(name, format, 16 * MiB, {
        requestId: name,
        volume: { globalId: volume, sizeBytes: 16 * MiB },
      })
    for (const [index, [claim, format, bytes, code]] of refusals.entries()) {
      if (index % 4 !== lane) continue
      const name = `image-${index}`
      await host.image(name, bytes)
      await client.copyImage(request(name, format), soon())
      expect(await ended(client, name), claim).toMatchObject({
        state: 'failed',
        phase: 'inspect',
        error: { code, retryable: false },
        result: { partlyWritten: false },
      })
    }
    expect(await sha256(file)).toBe(before)
    return request
  })
  const [request] = await Promise.all(lanes)
  expect(await called()).toBe('')

  await host.image('good', images['qcow2 3'])
  await client.copyImage(request!('good', 'qcow2'), soon())
  expect(await ended(client, 'good')).toMatchObject({ state: 'succeeded' })
  expect(await called()).toContain('qemu-img')
})
