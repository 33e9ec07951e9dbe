import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { cutOff, ended, soon, until } from '../agent/support.ts'
import { volumeId } from '../support/makers.ts'
import { type Attached, copied, copying, type Hosts, imageOn, isThere, startHosts } from './agent/hosts.ts'
import { whyNoNamespaces } from './agent/namespaces.ts'

/**
 * Agents on hosts of their own, as far as a network can tell: each in a network namespace with its own address, reached
 * over mutual TLS by what functions run. Who may make no namespaces is told why, and the rest goes on.
 */
const whyNot = whyNoNamespaces()
const where = whyNot === undefined ? '' : ` (skipped, no network namespaces: ${whyNot})`
const stale = { code: 'stale_generation' }

/** A request of an attachment that is over, to the agent it was made for. */
const late = (at: Hosts, { globalId, attachment }: Attached) => {
  const { client, clientId } = at.node('alpha')
  return client.release({ clientId, volume: { globalId }, attachment }, soon())
}
/** Between two segments there is no process for a moment. */
const nobodyWrites = async (at: Hosts) => {
  let quiet = 0
  await until(async () => {
    await sleep(50)
    quiet = at.node('alpha').host.children().length === 0 ? quiet + 1 : 0
    return quiet >= 10 ? true : undefined
  })
}

const commandOf = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Hold the writer of a host in the middle of its work, as a device does that no longer answers. */
const holdWriter = (at: Hosts) =>
  until(() => {
    const [pid] = at.node('alpha').host.children()
    // Before it is that, it is not yet tied to its agent.
    if (pid === undefined || commandOf(pid) !== 'qemu-img') return undefined
    try {
      process.kill(Number(pid), 'SIGSTOP')
    } catch {
      return undefined
    }
    return at.node('alpha').host.children().includes(pid) ? true : undefined
  })

describe.skipIf(whyNot !== undefined)(`agents on several hosts${where}`, () => {
  test('a volume is moved from host to host, and what one wrote the next one reads', async () => {
    await using at = await startHosts('alpha', 'beta', 'gamma')

    const first = await at.attach('alpha')
    expect(await copied(at, 'alpha', first)).toMatchObject({ state: 'succeeded' })
    expect(await at.detach('alpha')).toEqual({ ignored: [] })
    expect(await isThere(at.node('alpha').deviceOf(first.globalId))).toBe(false)

    const second = await at.attach('beta')
    expect(second.attachment.generation).toBe(2)
    expect(await imageOn(at.node('beta'), first.globalId)).toBe('alpha')
    const again = at.node('alpha').client.copyImage(at.copyOf('alpha', first, 'late'), soon())
    await expect(again, 'alpha has let go').rejects.toMatchObject(stale)
    expect(await copied(at, 'beta', second)).toMatchObject({ state: 'succeeded' })
    await at.detach('beta')

    const third = await at.attach('gamma')
    expect(third.attachment.generation).toBe(3)
    expect(await imageOn(at.node('gamma'), first.globalId)).toBe('beta')
    expect(at.attachedTo()).toEqual([3])
  })

  test('a host that died is fenced: what it comes back with is too late', async () => {
    await using at = await startHosts('alpha', 'beta')
    const first = await at.attach('alpha')
    const { globalId } = first
    await copying(at, 'alpha', first)
    await holdWriter(at)

    await at.node('alpha').kill()
    await nobodyWrites(at)
    await expect(at.detach('alpha')).rejects.toMatchObject({ name: 'AgentUnreachable' })
    const second = await at.attach('beta', { exclusive: true })
    expect(second.attachment.generation).toBe(2)
    expect(at.attachedTo()).toEqual([2])
    expect(await copied(at, 'beta', second)).toMatchObject({ state: 'succeeded' })

    await at.node('alpha').restart()
    const { client } = at.node('alpha')
    expect(await client.task({ id: 'alpha' }, soon()), 'nothing goes on by itself').toMatchObject(cutOff)
    await at.detach('alpha', { attachmentId: first.attachment.id, generation: 1 })
    expect(at.attachedTo(), 'a late detach of the old attachment').toEqual([2])
    expect(await imageOn(at.node('beta'), globalId)).toBe('beta')

    // Back where it was, under a generation that says so.
    const third = await at.attach('alpha', { exclusive: true })
    expect(third.attachment).toEqual({ id: first.attachment.id, generation: 3 })
    expect(await ended(client, 'alpha')).toMatchObject({ state: 'failed', error: stale })
    await expect(client.copyImage(at.copyOf('alpha', first, 'late'), soon())).rejects.toMatchObject(stale)
    await expect(late(at, first)).rejects.toMatchObject(stale)
    const old = { attachmentId: first.attachment.id, generation: 1 }
    await expect(at.detach('alpha', old)).rejects.toMatchObject({ name: 'StaleGeneration' })
    expect(at.attachedTo()).toEqual([1])
    expect(at.node('alpha').host.children()).toEqual([])
    expect(await imageOn(at.node('alpha'), globalId)).toBe('beta')
  })

  test('a host that is cut off keeps its volume until it is taken by force, and then writes no more', async () => {
    await using at = await startHosts('alpha', 'beta')
    const first = await at.attach('alpha')
    const { globalId, attachment } = first
    await copying(at, 'alpha', first)
    await holdWriter(at)
    const closeDevice = at.simulator.openDevice(1, globalId)

    at.node('alpha').namespace.link('down')
    await expect(at.detach('alpha'), 'the agent cannot say that it let go').rejects.toMatchObject({
      name: 'AgentUnreachable',
    })
    await expect(at.attach('beta', { exclusive: true })).rejects.toMatchObject({ name: 'VolumeIsBusy' })
    expect(at.attachedTo(), 'nothing is forced by itself').toEqual([1])

    const volume = { id: volumeId }
    const forced = TerminateConnection.parse({ volume, connector: { host: 'alpha' }, force: true })
    await terminateConnection(at.within(10_000), forced)
    closeDevice()
    await nobodyWrites(at)
    const second = await at.attach('beta')
    expect(second.attachment.generation).toBeGreaterThan(attachment.generation)
    expect(await copied(at, 'beta', second)).toMatchObject({ state: 'succeeded' })

    at.node('alpha').namespace.link('up')
    const { client } = at.node('alpha')
    const task = await until(() => client.task({ id: 'alpha' }, soon()).catch(() => undefined))
    expect(task).toMatchObject({
      state: 'failed',
      error: { code: 'not_attached' },
      result: { partlyWritten: true },
    })
    await at.detach('alpha', { attachmentId: attachment.id, generation: 1 })
    await late(at, first)
    await sleep(200)
    expect(at.attachedTo()).toEqual([2])
    expect(await imageOn(at.node('beta'), globalId)).toBe('beta')
  })
})
